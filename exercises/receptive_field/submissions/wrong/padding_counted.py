"""Twice the padding was added to the field; padding moves the field, it does not widen it.

Fails: paddings
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * (k - 1) * jump + 2 * layer.get("padding", 0)
        jump *= s
    return field


def sheet(given, settings):
    """By hand it does not show: the number is right."""
    return {"rf": str(receptive_field(settings["layers"]))}
