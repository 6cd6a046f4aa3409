"""`window *= kernel` wrote the products into the image itself, because a slice is a view: the next windows, and the
caller, see a changed image. Write `window * kernel`.

Fails: sliding, channels, filters, batch, numbers
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Multiply without making a copy."""
    if padding:
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // stride + 1, (W - K_w) // stride + 1
    y = np.zeros((N, C_out, H_out, W_out))
    for o in range(C_out):
        for i in range(H_out):
            for j in range(W_out):
                window = x[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
                window *= weight[o]
                y[:, o, i, j] = window.sum(axis=(1, 2, 3))
    return y if bias is None else y + bias[:, None, None]
