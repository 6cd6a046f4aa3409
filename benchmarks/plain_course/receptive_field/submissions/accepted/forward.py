"""From the input on, layer by layer."""


def receptive_field(layers):
    field, jump = 1, 1
    for layer in layers:
        field += (layer["kernel_size"] - 1) * jump
        jump *= layer["stride"]
    return field
