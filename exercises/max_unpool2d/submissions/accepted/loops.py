"""Loops over every element."""

import numpy as np


def max_unpool2d(x, indices, output_size):
    """Take each index apart into a row and a column."""
    N, C, H, W = x.shape
    H_out, W_out = output_size
    y = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    k = int(indices[n, c, i, j])
                    y[n, c, k // W_out, k % W_out] = x[n, c, i, j]
    return y
