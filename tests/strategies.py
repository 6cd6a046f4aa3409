"""What Hypothesis draws: small uneven layers and integer tensors, the smallest and oddest first.

Tensors hold small integers in float64, so that every sum is exact and equality means equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import numpy as np
import torch
from hypothesis.extra import numpy as hnp
from torch import Tensor

Pair = tuple[int, int]


def pairs(least: int, most: int) -> st.SearchStrategy[Pair]:
    """(vertical, horizontal), drawn apart."""
    return st.tuples(st.integers(least, most), st.integers(least, most))


def tensors(
    *shape: int, dtype: torch.dtype = torch.float64, least: int = -4, most: int = 4
) -> st.SearchStrategy[Tensor]:
    """A tensor of small integers."""
    arrays = hnp.arrays(np.int64, shape, elements=st.integers(least, most))
    return arrays.map(lambda array: torch.from_numpy(array).to(dtype))


def distinct(*shape: int) -> st.SearchStrategy[Tensor]:
    """A float64 tensor without two equal values: maxima have no ties."""
    count = int(np.prod(shape))
    values = st.permutations(range(count))
    return values.map(lambda order: torch.tensor(order, dtype=torch.float64).reshape(shape) - count // 2)


def matrices(most: int = 4) -> st.SearchStrategy[list[list[int]]]:
    """An integer matrix as rows."""
    sides = pairs(1, most)
    return sides.flatmap(
        lambda s: st.lists(st.lists(st.integers(-9, 9), min_size=s[1], max_size=s[1]), min_size=s[0], max_size=s[0])
    )


@dataclass
class Case:
    """Arguments of one call of a layer; `options` go by keyword."""

    x: Tensor
    weight: Tensor
    bias: Tensor | None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def arrays(self) -> tuple[Any, ...]:
        """x, weight and bias for an oracle."""
        return self.x.numpy(), self.weight.numpy(), None if self.bias is None else self.bias.numpy()


@st.composite
def convolutions(draw: st.DrawFn, dtype: torch.dtype = torch.float64) -> Case:
    """A correlation with all its options; channels, sides and kernels uneven."""
    groups, C_in, C_out = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    K_h, K_w = draw(pairs(1, 3))
    stride, padding, dilation = draw(pairs(1, 3)), draw(pairs(0, 2)), draw(pairs(1, 2))
    H, W = (
        draw(st.integers(max(1, d * (k - 1) + 1 - 2 * p), d * (k - 1) + 5))
        for k, p, d in zip((K_h, K_w), padding, dilation, strict=True)
    )
    N = draw(st.integers(1, 2))
    x = draw(tensors(N, groups * C_in, H, W, dtype=dtype))
    weight = draw(tensors(groups * C_out, C_in, K_h, K_w, dtype=dtype))
    bias = draw(st.none() | tensors(groups * C_out, dtype=dtype))
    return Case(x, weight, bias, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups})


@st.composite
def transposed_convolutions(draw: st.DrawFn, dtype: torch.dtype = torch.float64) -> Case:
    """A transposed convolution with all its options."""
    groups, C_in, C_out = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    K_h, K_w = draw(pairs(1, 3))
    stride, dilation = draw(pairs(1, 3)), draw(pairs(1, 2))
    extra = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    sides = draw(pairs(1, 4))
    padding = tuple(
        draw(st.integers(0, min(2, ((n - 1) * s + d * (k - 1) + e) // 2)))
        for n, s, d, k, e in zip(sides, stride, dilation, (K_h, K_w), extra, strict=True)
    )
    x = draw(tensors(draw(st.integers(1, 2)), groups * C_in, *sides, dtype=dtype))
    weight = draw(tensors(groups * C_in, C_out, K_h, K_w, dtype=dtype))
    bias = draw(st.none() | tensors(groups * C_out, dtype=dtype))
    options = {"stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation, "groups": groups}
    return Case(x, weight, bias, options)


@st.composite
def poolings(draw: st.DrawFn, *, dilated: bool = True, ties: bool = True) -> tuple[Tensor, Pair, dict[str, Any]]:
    """An image, a window and the options of a pooling; no window lies wholly in the border."""
    kernel_size = draw(pairs(1, 3))
    stride, dilation = draw(pairs(1, 3)), draw(pairs(1, 2)) if dilated else (1, 1)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel_size)
    H, W = (draw(st.integers(d * (k - 1) + 1, d * (k - 1) + 5)) for k, d in zip(kernel_size, dilation, strict=True))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), H, W)
    x = draw(tensors(*shape) if ties else distinct(*shape))
    options: dict[str, Any] = {"stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}
    return x, kernel_size, options | {"dilation": dilation} if dilated else options
