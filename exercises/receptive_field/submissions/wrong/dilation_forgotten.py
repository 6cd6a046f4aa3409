"""The dilation was left out: a dilated kernel spans dilation * (kernel_size - 1) + 1 pixels.

Fails: dilations
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        field += (layer["kernel_size"] - 1) * jump
        jump *= layer.get("stride", 1)
    return field


def sheet(given, settings):
    """By hand it does not show: the number is right."""
    return {"rf": str(receptive_field(settings["layers"]))}
