"""The kernel sizes were added up; neighbouring windows overlap, so each layer adds kernel_size - 1 times the jump.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    return sum(layer["kernel_size"] for layer in layers) or 1


def sheet(given):
    """The answer by hand."""
    return {"rf": "12"}
