"""Your output is the true convolution: the kernel was rotated by 180 degrees before it slides.

Fails: values
"""
import numpy as np
def conv2d(x, w):
    w = w[::-1, ::-1]
    H, W = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    return np.array([[(x[i : i + w.shape[0], j : j + w.shape[1]] * w).sum() for j in range(W)] for i in range(H)])
