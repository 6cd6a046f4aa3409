"""The gaps of a dilated kernel were counted as input pixels; behind a stride each is as wide as the jump.

Fails: together
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += (k - 1) * jump + (d - 1) * (k - 1)
        jump *= s
    return field


def sheet(given, settings):
    """By hand it does not show: the number is right."""
    return {"rf": str(receptive_field(settings["layers"]))}
