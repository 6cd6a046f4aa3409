"""as_strided: the windows without a copy."""

import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Strides of the padded image, multiplied by hand."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="constant")
    N, C, H, W = x.shape
    F, _, HH, WW = weight.shape
    Hp, Wp = 1 + (H - HH) // stride, 1 + (W - WW) // stride
    sn, sc, sh, sw = x.strides
    cols = np.lib.stride_tricks.as_strided(
        x, shape=(N, C, HH, WW, Hp, Wp), strides=(sn, sc, sh, sw, sh * stride, sw * stride)
    )
    out = np.tensordot(weight, cols, axes=([1, 2, 3], [1, 2, 3])).transpose(1, 0, 2, 3)
    if bias is not None:
        out = out + bias[None, :, None, None]
    return out
