"""The layers with a stride counted with their stride but not with their window; a pooling window is a kernel too.

Fails: number, strides
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        if s == 1:
            field += d * (k - 1) * jump
        jump *= s
    return field


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
