"""The input channels were averaged; they are summed.

Fails: channels
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Divide the sum by the number of channels."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("nchwuv,ocuv->nohw", windows, weight) / x.shape[1]
    return y if bias is None else y + bias[:, None, None]
