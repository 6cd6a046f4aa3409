"""max_unpool2d: unpooling with switches, as in DeconvNet and SegNet, written out in numpy."""

import numpy as np


def max_unpool2d(x: np.ndarray, indices: np.ndarray, output_size: tuple[int, int]) -> np.ndarray:
    """Put every pooled value back to the place that it came from; everything else is zero.

        y[n, c, k // W_out, k % W_out] = x[n, c, i, j]    with k = indices[n, c, i, j]

    Shape:
        x:       (N, C, H, W)           float32 or float64
        indices: (N, C, H, W)           int64; row*W_out + column in the plane of the same image and channel
        return:  (N, C, H_out, W_out)   with (H_out, W_out) = output_size

    Example:
        >>> x = np.array([[[[4.0, 5.0], [8.0, 9.0]]]])
        >>> indices = np.array([[[[4, 7], [13, 15]]]])
        >>> max_unpool2d(x, indices, (4, 4))[0, 0].tolist()
        [[0.0, 0.0, 0.0, 0.0], [4.0, 0.0, 0.0, 5.0], [0.0, 0.0, 0.0, 0.0], [0.0, 8.0, 0.0, 9.0]]
    """
    raise NotImplementedError
