"""The definition, one number at a time."""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Seven loops: image, filter, row, column, channel, and the two of the kernel."""
    N, C_in, H, W = x.shape
    C_out, _, K_h, K_w = weight.shape
    H_out = (H + 2 * padding - K_h) // stride + 1
    W_out = (W + 2 * padding - K_w) // stride + 1
    y = np.zeros((N, C_out, H_out, W_out))
    for n in range(N):
        for o in range(C_out):
            for i in range(H_out):
                for j in range(W_out):
                    total = 0.0 if bias is None else bias[o]
                    for c in range(C_in):
                        for u in range(K_h):
                            for v in range(K_w):
                                row, column = i * stride + u - padding, j * stride + v - padding
                                if 0 <= row < H and 0 <= column < W:
                                    total += weight[o, c, u, v] * x[n, c, row, column]
                    y[n, o, i, j] = total
    return y
