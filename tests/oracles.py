"""The second witness: layers as the slowest loops that are still obviously right.

NumPy arrays in, NumPy arrays out, one number at a time.  Nothing here imports
`reference`, and nothing here shares its way of computing: the reference loops
over taps, these loops go over outputs, or scatter over inputs.
Pairs are (vertical, horizontal); padding is a pair, or two pairs of margins.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pair = tuple[int, int]


def places(*sides: int) -> Iterator[tuple[int, ...]]:
    """All index tuples of a box."""
    return itertools.product(*(range(side) for side in sides))


def count_windows(
    size: int, k: int, s: int = 1, before: int = 0, after: int = 0, d: int = 1, ceil: bool = False
) -> int:
    """Walk along one axis and count: a window counts if it fits, or with `ceil` if it starts early enough."""
    count, start = 0, -before
    while True:
        end = start + d * (k - 1)  # last tap
        fits = end < size + after
        # rounding up keeps one overhanging window, if it starts before the trailing border
        overhangs = ceil and end - (size + after - 1) < s and start < size
        if not fits and not overhangs:
            return count
        count, start = count + 1, start + s


def correlate2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Pair = (1, 1),
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Every output by its definition; a pixel outside the image is zero."""
    (N, _, H, W), (C_out, C, K_h, K_w) = x.shape, weight.shape
    H_out = count_windows(H, K_h, stride[0], *padding[0], dilation[0])
    W_out = count_windows(W, K_w, stride[1], *padding[1], dilation[1])
    y = np.zeros((N, C_out, H_out, W_out), dtype=x.dtype)
    for n, o, i, j in places(*y.shape):
        total = bias[o] if bias is not None else 0
        group = o // (C_out // groups)
        for c, u, v in places(C, K_h, K_w):
            row = i * stride[0] - padding[0][0] + u * dilation[0]
            column = j * stride[1] - padding[1][0] + v * dilation[1]
            if 0 <= row < H and 0 <= column < W:
                total = total + weight[o, c, u, v] * x[n, group * C + c, row, column]
        y[n, o, i, j] = total
    return y


def im2col(
    x: Array, kernel_size: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1)
) -> Array:
    """Window after window, each written down channel by channel, row by row."""
    N, C, H, W = x.shape
    starts = [
        (top, left)
        for top in range(-padding[0], H + padding[0] - dilation[0] * (kernel_size[0] - 1), stride[0])
        for left in range(-padding[1], W + padding[1] - dilation[1] * (kernel_size[1] - 1), stride[1])
    ]
    columns = np.zeros((N, C * kernel_size[0] * kernel_size[1], len(starts)), dtype=x.dtype)
    for n in range(N):
        for position, (top, left) in enumerate(starts):
            window = []
            for c, u, v in places(C, *kernel_size):
                row, column = top + u * dilation[0], left + v * dilation[1]
                window.append(x[n, c, row, column] if 0 <= row < H and 0 <= column < W else 0)
            columns[n, :, position] = window
    return columns


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    output_padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Pull instead of push: an output is fed by the pixels whose stamp reaches it."""
    (N, C_in, H, W), (_, C, K_h, K_w) = x.shape, weight.shape
    H_out = (H - 1) * stride[0] + dilation[0] * (K_h - 1) + 1 + output_padding[0] - 2 * padding[0]
    W_out = (W - 1) * stride[1] + dilation[1] * (K_w - 1) + 1 + output_padding[1] - 2 * padding[1]
    y = np.zeros((N, C * groups, H_out, W_out), dtype=x.dtype)
    for n, o, row, column in places(*y.shape):
        total = bias[o] if bias is not None else 0
        for c, u, v in places(C_in // groups, K_h, K_w):
            i, i_rest = divmod(row + padding[0] - u * dilation[0], stride[0])
            j, j_rest = divmod(column + padding[1] - v * dilation[1], stride[1])
            if i_rest == 0 and j_rest == 0 and 0 <= i < H and 0 <= j < W:
                channel = (o // C) * (C_in // groups) + c
                total = total + weight[channel, o % C, u, v] * x[n, channel, i, j]
        y[n, o, row, column] = total
    return y


def _windows(size: int, k: int, s: int, p: int, d: int, ceil: bool) -> list[list[int]]:
    """The positions of every window along one axis, those outside the axis too."""
    return [[w * s - p + u * d for u in range(k)] for w in range(count_windows(size, k, s, p, p, d, ceil))]


def max_pool2d(
    x: Array,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """Maxima and flat indices; the first of equal maxima."""
    N, C, H, W = x.shape
    rows = _windows(H, kernel_size[0], stride[0], padding[0], dilation[0], ceil_mode)
    columns = _windows(W, kernel_size[1], stride[1], padding[1], dilation[1], ceil_mode)
    y = np.zeros((N, C, len(rows), len(columns)), dtype=x.dtype)
    indices = np.zeros(y.shape, dtype=np.int64)
    for n, c, i, j in places(*y.shape):
        pixels = [(r, q) for r in rows[i] for q in columns[j] if 0 <= r < H and 0 <= q < W]
        best = max(pixels, key=lambda pixel: x[n, c][pixel])  # Python's max keeps the first
        y[n, c, i, j], indices[n, c, i, j] = x[n, c][best], best[0] * W + best[1]
    return y, indices


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Means; the count stops at the border, or with `count_include_pad` at the padding's end."""
    N, C, H, W = x.shape
    rows = _windows(H, kernel_size[0], stride[0], padding[0], 1, ceil_mode)
    columns = _windows(W, kernel_size[1], stride[1], padding[1], 1, ceil_mode)
    border = padding if count_include_pad else (0, 0)
    y = np.zeros((N, C, len(rows), len(columns)), dtype=x.dtype)
    for n, c, i, j in places(*y.shape):
        inside = [(r, q) for r in rows[i] for q in columns[j] if 0 <= r < H and 0 <= q < W]
        counted = [
            (r, q)
            for r in rows[i]
            for q in columns[j]
            if -border[0] <= r < H + border[0] and -border[1] <= q < W + border[1]
        ]
        y[n, c, i, j] = math.fsum(x[n, c][pixel] for pixel in inside) / len(counted)
    return y


def max_unpool2d(x: Array, indices: Array, output_size: Pair) -> Array:
    """Write every value to its place."""
    y = np.zeros((*x.shape[:2], *output_size), dtype=x.dtype)
    for n, c, i, j in places(*x.shape):
        row, column = divmod(int(indices[n, c, i, j]), output_size[1])
        y[n, c, row, column] = x[n, c, i, j]
    return y


def batch_norm2d(x: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    """Normalised batch, and mean and unbiased variance of every channel."""
    y, means, variances = np.zeros_like(x), [], []
    for c in range(x.shape[1]):
        values = [float(value) for value in x[:, c].ravel()]
        mean = math.fsum(values) / len(values)
        squares = math.fsum((value - mean) ** 2 for value in values)
        scale = weight[c] / math.sqrt(squares / len(values) + eps)
        for n, i, j in places(x.shape[0], *x.shape[2:]):
            y[n, c, i, j] = (x[n, c, i, j] - mean) * scale + bias[c]
        means.append(mean)
        variances.append(squares / (len(values) - 1))
    return y, np.array(means), np.array(variances)


def conv2(a: Sequence[Sequence[Any]], w: Sequence[Sequence[Any]], shape: str) -> list[list[Any]]:
    """MATLAB's conv2 as a product of two polynomials in two variables, then cut as its manual says."""
    (H, W), (K_h, K_w) = (len(a), len(a[0])), (len(w), len(w[0]))
    full: dict[Pair, Any] = dict.fromkeys(itertools.product(range(1, H + K_h), range(1, W + K_w)), 0)
    for (i, j), (u, v) in itertools.product(places(H, W), places(K_h, K_w)):
        full[i + u + 1, j + v + 1] += a[i][j] * w[u][v]  # 1-based, as the manual
    match shape:
        case "full":
            rows, columns = range(1, H + K_h), range(1, W + K_w)
        case "same":
            top, left = math.ceil((K_h + 1) / 2), math.ceil((K_w + 1) / 2)
            rows, columns = range(top, top + H), range(left, left + W)
        case _:
            rows, columns = range(K_h, H + 1), range(K_w, W + 1)
    return [[full[i, j] for j in columns] for i in rows]


def seen_pixels(layers: Sequence[tuple[int, int, int, int]], index: int) -> tuple[int, int]:
    """First and last input pixel that one output sees, found by walking down from it, tap by tap.

    A layer is (kernel_size, stride, padding, dilation).
    """
    seen = {index}
    for k, s, p, d in reversed(layers):
        seen = {i * s - p + u * d for i in seen for u in range(k)}
    return min(seen), max(seen)
