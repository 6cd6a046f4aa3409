"""The stride of a layer was multiplied into the jump before its own kernel was counted; it only widens the layers behind it.

Fails: number, strides
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        jump *= s
        field += d * (k - 1) * jump
    return field


def sheet(given):
    """The answer by hand."""
    return {"rf": "15"}
