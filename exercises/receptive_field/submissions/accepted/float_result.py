"""Returns a float, and answers with the area and says so."""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1.0, 1.0
    for layer in layers:
        span = layer.get("dilation", 1.0) * (layer["kernel_size"] - 1)
        field += span * jump
        jump *= layer.get("stride", 1.0)
    return field


def sheet(given, settings):
    """The area."""
    return {"rf": f"{receptive_field(settings['layers']) ** 2:g} pixels in area"}
