"""Computes in float32 whatever came in, and returns a cache for the backward pass beside the output."""

import numpy as np


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Add up what the windows see at one tap of the kernel after the other."""
    N, _, H, W = x.shape
    C_out, C_in, K_h, K_w = weight.shape
    H_out, W_out = (H + 2 * padding - K_h) // stride + 1, (W + 2 * padding - K_w) // stride + 1
    padded = np.pad(x, [(0, 0), (0, 0), (padding,) * 2, (padding,) * 2]).astype(np.float32)
    y = np.zeros((N, C_out, H_out, W_out), dtype=np.float32)
    for u in range(K_h):
        for v in range(K_w):
            seen = padded[:, :, u : u + H_out * stride : stride, v : v + W_out * stride : stride]
            y += np.einsum("nchw,oc->nohw", seen[:, :, :H_out, :W_out], weight[:, :, u, v].astype(np.float32))
    if bias is not None:
        y += bias.astype(np.float32)[:, None, None]
    cache = (x, weight, bias, stride, padding)
    return y, cache
