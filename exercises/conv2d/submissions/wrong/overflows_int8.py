"""The numbers were squeezed into int8, which holds -128 to 127 only: small images look right, larger sums wrap around.

Fails: sliding, channels, numbers
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Set up strides for items of one byte, and make the items fit."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))).astype(np.int64).astype(np.int8)
    N, C, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // stride + 1, (W - K_w) // stride + 1
    windows = np.lib.stride_tricks.as_strided(
        x, (N, C, H_out, W_out, K_h, K_w), (C * H * W, H * W, W * stride, stride, W, 1)
    )
    kernel = weight.astype(np.int64).astype(np.int8)
    y = np.einsum("nchwuv,ocuv->nohw", windows, kernel)
    return y if bias is None else y + bias.astype(np.int8)[:, None, None]
