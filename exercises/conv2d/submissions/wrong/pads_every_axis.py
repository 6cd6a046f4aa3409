"""np.pad(x, padding) padded the batch and the channels too: only rows and columns get a border.

Fails: output_size, padding
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Give np.pad a single number."""
    x = np.pad(x, padding)
    N, _, H, W = x.shape
    C_out, C_in, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // stride + 1, (W - K_w) // stride + 1
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            window = x[:, :C_in, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
