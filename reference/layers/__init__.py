"""Layers as functions of tensors, forward written out; torch differentiates them.

One file a layer; every public name can be imported from here.
"""

from reference.layers.activation import relu
from reference.layers.anchor import base_anchors, grid_anchors, prior_boxes
from reference.layers.attention import Attended, Hop, attend, stacked_attention
from reference.layers.box import box_area, box_iou, clip_boxes, decode_boxes, encode_boxes
from reference.layers.cell import c_cell, s_cell
from reference.layers.column import col2im, correlate2d_im2col, im2col
from reference.layers.connection import LENET5_C3, correlate2d_table, count_links
from reference.layers.conv import convolve2d, correlate2d
from reference.layers.crf import gaussian_kernels, mean_field, potts
from reference.layers.deconv import bilinear_kernel, conv_transpose2d
from reference.layers.distance_transform import distance_transform_pool2d
from reference.layers.double_attention import double_attention2d, double_attention_block
from reference.layers.drop import dropout
from reference.layers.fft import convolve2d_fft, correlate2d_fft
from reference.layers.global_pool import global_avg_pool2d, global_max_pool2d
from reference.layers.interpolation import resize_bilinear2d, resize_nearest2d, sample_bilinear
from reference.layers.l2_norm import l2_normalize2d
from reference.layers.norm import Normalized, batch_norm2d
from reference.layers.pool import Pooled, avg_pool2d, max_pool2d
from reference.layers.probability import cross_entropy, log_softmax, log_sum_exp, softmax
from reference.layers.response_norm import local_response_norm
from reference.layers.roi import roi_align2d, roi_pool2d
from reference.layers.squeeze import squeeze_excite2d, squeeze_first_order, squeeze_second_order
from reference.layers.subsampling import subsample2d
from reference.layers.superpixel import superpixel_mean2d, superpixel_neighbours, superpixel_smooth2d, superpixel_vote2d
from reference.layers.suppression import nms, nms_per_class
from reference.layers.tanh import scaled_tanh
from reference.layers.unpool import max_unpool2d

__all__ = [
    "LENET5_C3",
    "Attended",
    "Hop",
    "Normalized",
    "Pooled",
    "attend",
    "avg_pool2d",
    "base_anchors",
    "batch_norm2d",
    "bilinear_kernel",
    "box_area",
    "box_iou",
    "c_cell",
    "clip_boxes",
    "col2im",
    "conv_transpose2d",
    "convolve2d",
    "convolve2d_fft",
    "correlate2d",
    "correlate2d_fft",
    "correlate2d_im2col",
    "correlate2d_table",
    "count_links",
    "cross_entropy",
    "decode_boxes",
    "distance_transform_pool2d",
    "double_attention2d",
    "double_attention_block",
    "dropout",
    "encode_boxes",
    "gaussian_kernels",
    "global_avg_pool2d",
    "global_max_pool2d",
    "grid_anchors",
    "im2col",
    "l2_normalize2d",
    "local_response_norm",
    "log_softmax",
    "log_sum_exp",
    "max_pool2d",
    "max_unpool2d",
    "mean_field",
    "nms",
    "nms_per_class",
    "potts",
    "prior_boxes",
    "relu",
    "resize_bilinear2d",
    "resize_nearest2d",
    "roi_align2d",
    "roi_pool2d",
    "s_cell",
    "sample_bilinear",
    "scaled_tanh",
    "softmax",
    "squeeze_excite2d",
    "squeeze_first_order",
    "squeeze_second_order",
    "stacked_attention",
    "subsample2d",
    "superpixel_mean2d",
    "superpixel_neighbours",
    "superpixel_smooth2d",
    "superpixel_vote2d",
]
