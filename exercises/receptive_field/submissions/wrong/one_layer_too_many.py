"""One layer too many was counted: this is what a node of the sub-sampling behind C2 sees.

Fails: number
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * (k - 1) * jump
        jump *= s
    return field


def sheet(given, settings):
    """The code is right; by hand a layer was added."""
    return {"rf": str(receptive_field([*settings["layers"], settings["layers"][1]]))}
