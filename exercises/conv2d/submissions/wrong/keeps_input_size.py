"""Your output is as large as the input: the loops run to H and W instead of H_out and W_out, and the places
where no whole window fits stay zero.

Fails: output_size, one_window, bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Loop over the pixels of the input."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    y = np.zeros((N, C_out, H, W))
    for i in range(H):
        for j in range(W):
            window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            if window.shape[2:] == (K_h, K_w):
                y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
