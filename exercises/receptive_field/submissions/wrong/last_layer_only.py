"""Only the kernel of the last layer was counted: that is what it sees of the layer before it, not of the image.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    return layers[-1]["kernel_size"] if layers else 1


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
