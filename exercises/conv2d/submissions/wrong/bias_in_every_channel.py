"""The bias was added once for each input channel; it is added once, after the channels are summed.

Fails: bias
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Treat each input channel as a convolution of its own, bias and all."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = 0
    for c in range(x.shape[1]):
        y = y + np.einsum("nhwuv,ouv->nohw", windows[:, c], weight[:, c])
        if bias is not None:
            y = y + bias[:, None, None]
    return y
