"""From the output back to the input."""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field = 1
    for layer in reversed(layers):
        span = layer.get("dilation", 1) * (layer["kernel_size"] - 1) + 1
        field = (field - 1) * layer.get("stride", 1) + span
    return field


def sheet(given, settings):
    """The answer with the digits of a Chinese keyboard."""
    full_width = str(receptive_field(settings["layers"])).translate({48 + i: 0xFF10 + i for i in range(10)})
    return {"rf": f"{full_width} × {full_width} 像素"}
