"""conv2d: the convolution layer, written out in numpy."""

import numpy as np


def im2col(x, K_h, K_w, stride):
    """把每个窗口拉成一行：(N, H_out, W_out, C*K_h*K_w)"""
    N, C, H, W = x.shape
    H_out = (H - K_h) // stride + 1
    W_out = (W - K_w) // stride + 1
    columns = np.empty((N, H_out, W_out, C * K_h * K_w), dtype=x.dtype)
    for i in range(H_out):
        for j in range(W_out):
            top, left = i * stride, j * stride
            columns[:, i, j] = x[:, :, top : top + K_h, left : left + K_w].reshape(N, -1)
    return columns


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Slide a bank of filters over a batch of images: im2col, then one matrix product."""
    C_out, _, K_h, K_w = weight.shape
    padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    columns = im2col(padded, K_h, K_w, stride)
    y = columns @ weight.reshape(C_out, -1).T  # (N, H_out, W_out, C_out)
    if bias is not None:
        y = y + bias
    return y.transpose(0, 3, 1, 2)


if __name__ == "__main__":
    # 题目里手算的例子
    x = np.array([[[[1.0, 2.0, 0.0], [0.0, 3.0, 1.0]]]])
    print(conv2d(x, np.array([[[[1.0, -1.0]]]])))
