"""Rows and columns of the output were exchanged: y[n, o, i, j] belongs to the window at row i and column j.

Fails: identity, output_size, bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Store the window that begins at column i and row j."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // stride + 1, (W - K_w) // stride + 1
    y = np.zeros((N, C_out, W_out, H_out))
    for i in range(W_out):
        for j in range(H_out):
            window = padded[:, :, j * stride : j * stride + K_h, i * stride : i * stride + K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
