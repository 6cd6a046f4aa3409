"""The last layer was not counted: this is what a node one layer earlier sees.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers[:-1]:
        field += layer.get("dilation", 1) * (layer["kernel_size"] - 1) * jump
        jump *= layer.get("stride", 1)
    return field


def sheet(given):
    """The answer by hand."""
    return {"rf": "6"}
