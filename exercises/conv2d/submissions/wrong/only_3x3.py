"""Your function takes every kernel for a 3 x 3 one: read K_h and K_w from weight.shape.

Fails: identity, output_size, bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Nine taps, written with a fixed 3."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, C_in, H, W = padded.shape
    C_out = weight.shape[0]
    H_out, W_out = (H - 3) // stride + 1, (W - 3) // stride + 1
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            for c in range(C_in):
                for u in range(3):
                    for v in range(3):
                        pixels = padded[:, c, i * stride + u, j * stride + v]
                        y[:, :, i, j] += pixels[:, None] * weight[None, :, c, u, v]
    return y if bias is None else y + bias[:, None, None]
