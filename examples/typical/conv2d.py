"""conv2d: the convolution layer, written out in numpy."""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Slide a bank of filters over a batch of images."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    x = x[:, :, ::stride, ::stride]  # 步幅：先隔点取样
    N, C, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = max(H - K_h + 1, 0), max(W - K_w + 1, 0)
    y = np.zeros((N, C_out, H_out, W_out))
    for n in range(N):
        for o in range(C_out):
            for i in range(H_out):
                for j in range(W_out):
                    y[n, o, i, j] = np.sum(x[n, :, i : i + K_h, j : j + K_w] * weight[o])
            if bias is not None:
                y[n, o] += bias[o]
    return y
