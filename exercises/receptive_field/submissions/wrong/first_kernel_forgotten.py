"""The kernel of the first layer was never counted.

Fails: convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field = 1
    jump = layers[0].get("stride", 1) if layers else 1
    for layer in layers[1:]:
        field += layer.get("dilation", 1) * (layer["kernel_size"] - 1) * jump
        jump *= layer.get("stride", 1)
    return field


def sheet(given, settings):
    """By hand, from C2 back to the input, the number is right."""
    field = 1
    for layer in reversed(settings["layers"]):
        field = (field - 1) * layer["stride"] + layer["kernel_size"]
    return {"rf": str(field)}
