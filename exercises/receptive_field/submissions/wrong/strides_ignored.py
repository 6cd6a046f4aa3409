"""The strides were left out: each layer added kernel_size - 1, as if all strides were 1.

Fails: number, strides
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field = 1
    for layer in layers:
        k, d = layer["kernel_size"], layer.get("dilation", 1)
        field += d * (k - 1)
    return field


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
