"""Adds whole kernels.

Fails: one_layer, two_layers, strides, many_layers
"""


def receptive_field(layers):
    field, jump = 1, 1
    for layer in layers:
        field += layer["kernel_size"] * jump
        jump *= layer["stride"]
    return field
