"""receptive_field: how many input pixels one output node sees, along one side."""


def receptive_field(layers: list[dict[str, int]]) -> int:
    """Return the side of the receptive field of a node behind these layers, in input pixels.

    Args:
        layers: From the input on, each {"kernel_size": 5, "stride": 1, "padding": 0, "dilation": 1};
            stride, padding and dilation may be left out and are then 1, 0 and 1.

    Example:
        >>> receptive_field([{"kernel_size": 3}, {"kernel_size": 3, "stride": 3}, {"kernel_size": 2}])
        8
        >>> receptive_field([])
        1
    """
    raise NotImplementedError
