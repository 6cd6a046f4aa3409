"""Only the first input channel was used; the products of all C_in channels belong into the sum.

Fails: channels
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Treat the image as grey."""
    padded = np.pad(x[:, 0], ((0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    y = np.einsum("nhwuv,ouv->nohw", windows, weight[:, 0])
    return y if bias is None else y + bias[:, None, None]
