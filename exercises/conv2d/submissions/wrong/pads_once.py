"""The image grew by `padding` instead of 2*padding: zeros were put at the top and the left only.

Fails: output_size, padding
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Put the border on one side of each axis."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, 0), (padding, 0)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = max((H - K_h) // stride + 1, 0), max((W - K_w) // stride + 1, 0)
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
