"""Your output is the true convolution: the kernel was turned by 180 degrees before it slid; a layer called
convolution in deep learning correlates, it does not turn the kernel.

Fails: one_window
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Turn the kernel first, as signal processing does."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("nchwuv,ocuv->nohw", windows, weight[:, :, ::-1, ::-1])
    return y if bias is None else y + bias[:, None, None]
