"""receptive_field: what one output pixel sees."""


def receptive_field(layers):
    """The side of the receptive field of layers, each {"kernel_size": k, "stride": s}."""
    raise NotImplementedError
