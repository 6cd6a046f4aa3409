"""From the output back to the input."""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field = 1
    for layer in reversed(layers):
        span = layer.get("dilation", 1) * (layer["kernel_size"] - 1) + 1
        field = (field - 1) * layer.get("stride", 1) + span
    return field


def sheet(given):
    """The answer by hand."""
    return {"rf": "１４×１４ 像素"}
