"""Each kernel was taken for one of 3: read kernel_size from the layer.

Fails: convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        field += 2 * layer.get("dilation", 1) * jump
        jump *= layer.get("stride", 1)
    return field


def sheet(given, settings):
    """By hand, from C2 back to the input, the number is right."""
    field = 1
    for layer in reversed(settings["layers"]):
        field = (field - 1) * layer["stride"] + layer["kernel_size"]
    return {"rf": str(field)}
