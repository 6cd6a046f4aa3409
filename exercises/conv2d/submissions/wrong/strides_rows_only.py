"""The stride moves your window down but not to the right: it holds for columns too.

Fails: output_size, stride
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Skip rows of windows."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride]
    y = np.einsum("nchwuv,ocuv->nohw", windows, weight)
    return y if bias is None else y + bias[:, None, None]
