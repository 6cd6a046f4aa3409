"""Your function always puts one row and column of zeros around the image, whatever `padding` says.

Fails: identity, output_size, bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Pad by one, as most networks do."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // stride + 1, (W - K_w) // stride + 1
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
