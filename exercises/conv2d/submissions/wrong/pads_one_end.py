"""All the padding was put at the bottom and the right, so your output is shifted: the zeros go on all four sides.

Fails: padding
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Append 2*padding rows and columns."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("nchwuv,ocuv->nohw", windows, weight)
    return y if bias is None else y + bias[:, None, None]
