"""Computes the size and no value.

Fails: by_hand, channels, strides, paddings, sizes
"""

import numpy as np


def conv2d(x, weight, stride=1, padding=0):
    height, width = ((x.shape[axis] + 2 * padding - weight.shape[axis]) // stride + 1 for axis in (2, 3))
    return np.zeros((len(x), len(weight), height, width))
