"""The kernel sizes were multiplied with each other; a layer adds to the field, it does not multiply it.

Fails: number, convolutions
"""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field = 1
    for layer in layers:
        field *= layer["kernel_size"]
    return field


def sheet(given, settings):
    """The same mistake by hand."""
    return {"rf": str(receptive_field(settings["layers"]))}
