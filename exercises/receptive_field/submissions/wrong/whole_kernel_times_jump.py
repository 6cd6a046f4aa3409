"""Each layer added kernel_size * jump; one pixel of its window was there already, so it adds (kernel_size - 1) * jump.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 0, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * k * jump
        jump *= s
    return field


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
