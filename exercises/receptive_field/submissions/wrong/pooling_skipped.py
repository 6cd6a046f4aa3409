"""The layers with a stride were skipped altogether, as if sub-sampling saw nothing and moved nothing.

Fails: number, strides
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field = 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        if s == 1:
            field += d * (k - 1)
    return field


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
