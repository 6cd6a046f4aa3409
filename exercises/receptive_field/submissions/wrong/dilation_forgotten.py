"""The dilation was left out: a dilated kernel spans dilation * (kernel_size - 1) + 1 pixels.

Fails: dilations
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += (k - 1) * jump
        jump *= s
    return field


def sheet(given):
    """The answer by hand."""
    return {"rf": "14"}
