"""The kernel sizes were added up; neighbouring windows overlap, so a layer adds (kernel_size - 1) times the jump.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    return sum(layer["kernel_size"] for layer in layers)


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
