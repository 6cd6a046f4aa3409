"""A dilated kernel was taken to be dilation * kernel_size wide; between its taps there are only kernel_size - 1 gaps.

Fails: dilations
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += (d * k - 1) * jump
        jump *= s
    return field


def sheet(given, settings):
    """By hand it does not show: the number is right."""
    return {"rf": str(receptive_field(settings["layers"]))}
