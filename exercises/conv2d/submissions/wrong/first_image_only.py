"""Only the first image of the batch was computed; the others stayed zero.

Fails: batch
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Take x[0] and forget the rest."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    N, _, H_out, W_out = windows.shape[:4]
    y = np.zeros((N, weight.shape[0], H_out, W_out))
    y[0] = np.einsum("chwuv,ocuv->ohw", windows[0], weight)
    return y if bias is None else y + bias[:, None, None]
