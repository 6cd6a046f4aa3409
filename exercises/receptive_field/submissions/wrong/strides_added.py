"""The strides of several layers were added; they multiply: two layers of stride 2 make a jump of 4.

Fails: strides
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * (k - 1) * jump
        jump += s - 1
    return field


def sheet(given, settings):
    """By hand it does not show: the number is right."""
    return {"rf": str(receptive_field(settings["layers"]))}
