"""You gave the number of pixels in the whole field, its area; asked is the side.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * (k - 1) * jump
        jump *= s
    return field * field


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
