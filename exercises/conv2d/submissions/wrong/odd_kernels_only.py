"""Your window reaches K//2 pixels to both sides of its centre, which makes it one pixel too wide for a kernel of
even size.

Fails: output_size, one_window, bias
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Walk over the centres of the windows."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    r, s = K_h // 2, K_w // 2
    rows, columns = range(r, H - r, stride), range(s, W - s, stride)
    y = np.zeros((N, C_out, len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            window = padded[:, :, row - r : row + r + 1, column - s : column + s + 1]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", window[:, :, :K_h, :K_w], weight)
    return y if bias is None else y + bias[:, None, None]
