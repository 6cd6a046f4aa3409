"""Only the first filter was used: weight holds C_out filters, and each gives one output channel.

Fails: output_size, filters, bias
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Slide weight[0]."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("nchwuv,cuv->nhw", windows, weight[0])[:, None]
    return y if bias is None else y + bias[0]
