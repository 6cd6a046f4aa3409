"""Where the stride does not divide the size, your output has a row or column too many: the division is rounded
down, a window that does not fit whole is left out.

Fails: output_size, stride
"""

import math

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Let the last window hang over the edge."""
    N, _, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    H_out = math.ceil((H + 2 * padding - K_h) / stride) + 1
    W_out = math.ceil((W + 2 * padding - K_w) / stride) + 1
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding + stride), (padding, padding + stride)))
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
