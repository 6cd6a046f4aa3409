"""Forgets the strides.

Fails: strides, many_layers
"""


def receptive_field(layers):
    return 1 + sum(layer["kernel_size"] - 1 for layer in layers)
