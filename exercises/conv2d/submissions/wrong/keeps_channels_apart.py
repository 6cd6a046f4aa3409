"""Your output has a map for each pair of filter and input channel: the maps of the input channels are still to be
summed.

Fails: output_size, channels, bias
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Give every input channel an output of its own."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("nchwuv,ocuv->nochw", windows, weight)  # (N, C_out, C_in, H_out, W_out)
    if bias is not None:
        y = y + bias[:, None, None, None]
    return y.reshape(y.shape[0], -1, *y.shape[3:])
