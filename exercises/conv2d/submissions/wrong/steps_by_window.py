"""Your window moves by its own size, as in pooling, instead of by `stride`.

Fails: output_size, sliding, channels, filters, bias, batch, numbers
"""

import numpy as np


def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Cut the image into tiles."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    N, _, H, W = padded.shape
    C_out, _, K_h, K_w = weight.shape
    H_out, W_out = (H - K_h) // K_h + 1, (W - K_w) // K_w + 1
    y = np.zeros((N, C_out, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            tile = padded[:, :, i * K_h : (i + 1) * K_h, j * K_w : (j + 1) * K_w]
            y[:, :, i, j] = np.einsum("ncuv,ocuv->no", tile, weight)
    return y if bias is None else y + bias[:, None, None]
