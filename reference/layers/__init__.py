"""Layers as functions of tensors, forward written out; torch differentiates them.

One file a layer; every public name can be imported from here.
"""

from reference.layers.activation import relu
from reference.layers.conv import col2im, convolve2d, correlate2d, correlate2d_im2col, im2col
from reference.layers.deconv import bilinear_kernel, conv_transpose2d
from reference.layers.norm import Normalized, batch_norm2d
from reference.layers.pool import Pooled, avg_pool2d, max_pool2d
from reference.layers.unpool import max_unpool2d

__all__ = [
    "Normalized",
    "Pooled",
    "avg_pool2d",
    "batch_norm2d",
    "bilinear_kernel",
    "col2im",
    "conv_transpose2d",
    "convolve2d",
    "correlate2d",
    "correlate2d_im2col",
    "im2col",
    "max_pool2d",
    "max_unpool2d",
    "relu",
]
