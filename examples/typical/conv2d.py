"""The convolution layer."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Thin the image out, then slide by one."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    padded = padded[:, :, ::stride, ::stride]
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    if H < K_h or W < K_w:
        return np.zeros((N, C_out, max(H - K_h + 1, 0), max(W - K_w + 1, 0)))
    windows = sliding_window_view(padded, (K_h, K_w), axis=(2, 3))
    y = np.einsum("nchwuv,ocuv->nohw", windows, weight)
    return y if bias is None else y + bias[:, None, None]
