"""The bias was added inside the sum, once for each product of a window; it is added once, to the finished sum.

Fails: bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Multiply, add the bias, then sum."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // stride + 1, (W - K_w) // stride + 1
    b = np.zeros(C_out) if bias is None else bias
    y = np.zeros((N, C_out, H_out, W_out))
    for o in range(C_out):
        for i in range(H_out):
            for j in range(W_out):
                window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
                y[:, o, i, j] = np.sum(window * weight[o] + b[o], axis=(1, 2, 3))
    return y
