"""conv2d: the convolution layer, written out in numpy."""

import numpy as np


def conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, *, stride: int = 1, padding: int = 0
) -> np.ndarray:
    """Slide a bank of filters over a batch of images.

        y[n, o, i, j] = bias[o] + sum over (c, u, v) of
                        weight[o, c, u, v] * padded[n, c, i*stride + u, j*stride + v]

    The filter is not turned: deep learning calls this convolution, signal
    processing calls it cross-correlation.

    Shape:
        x:      (N, C_in, H, W)           float32 or float64
        weight: (C_out, C_in, K_h, K_w)   dtype of x
        bias:   (C_out,)                  dtype of x; None adds nothing
        return: (N, C_out, H_out, W_out)
                H_out = floor((H + 2*padding - K_h) / stride) + 1, W_out alike

    Args:
        stride: Pixels of x between two windows; at least 1.
        padding: Rows and columns of zeros on each of the four sides; at least 0.

    Example:
        >>> x = np.array([[[[1.0, 2.0, 0.0], [0.0, 3.0, 1.0]]]])
        >>> conv2d(x, np.array([[[[1.0, -1.0]]]])).tolist()
        [[[[-1.0, 2.0], [-3.0, 2.0]]]]
    """
    raise NotImplementedError
