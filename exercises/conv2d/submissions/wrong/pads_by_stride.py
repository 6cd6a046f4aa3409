"""With a stride above 1 you put stride * padding zeros around the image; the padding does not depend on the stride.

Fails: together
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Compute the sizes by the formula, but the border too wide."""
    N, _, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H + 2 * padding - K_h) // stride + 1, (W + 2 * padding - K_w) // stride + 1
    border = stride * padding
    padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            window = padded[:, :, i * stride : i * stride + K_h, j * stride : j * stride + K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window, weight)
    return y if bias is None else y + bias[:, None, None]
