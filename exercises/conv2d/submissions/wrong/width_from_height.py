"""The width of your output was computed from the height: the two axes have sizes of their own.

Fails: identity, output_size, bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Compute one output size and use it twice."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    size = (H + 2 * padding - K_h) // stride + 1
    y = np.zeros((N, C_out, size, size))
    for i in range(size):
        for j in range(size):
            window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            _, _, h, w = window.shape
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight[:, :, :h, :w])
    return y if bias is None else y + bias[:, None, None]
