"""The strides were left out: you added kernel_size - 1 of every layer as if all strides were 1.

Fails: number, strides
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * (k - 1)
    return field


def sheet(given):
    """The answer by hand."""
    return {"rf": "10"}
