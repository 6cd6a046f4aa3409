"""From the input on, with the jump."""


def receptive_field(layers):
    """Return the side of the receptive field."""
    field, jump = 1, 1
    for layer in layers:
        k, s, d = layer["kernel_size"], layer.get("stride", 1), layer.get("dilation", 1)
        field += d * (k - 1) * jump
        jump *= s
    return field


def sheet(given, settings):
    """The steps, then the answer."""
    steps = [receptive_field(settings["layers"][:n]) for n in (1, 2, 3)]
    return {"rf": f"RF = {steps[1]} + (5 - 1)*2 = {steps[2]} x {steps[2]} pixels"}
