"""Only the kernel of the last layer was counted, which is what it sees of the layer before it and not of the image.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    return layers[-1]["kernel_size"] if layers else 1


def sheet(given):
    """The answer by hand."""
    return {"rf": "5"}
