"""Each layer's own stride was multiplied into the jump before its kernel was counted; a stride only spreads the windows
of the layers after it.

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


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
