"""Windows over an image: how they are padded, how many there are, and one tap of all of them at once.

A window has K_h*K_w taps.  The layers do not loop over windows, they loop over
taps: `tap(x, u, v)` is the picture of what all windows see at (u, v).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Layer, Pair, output_size, pair

Margins = tuple[int, int]  # before and after, on one axis


def require_image(argument: str, x: Tensor) -> None:
    """Demand a batch of images.

    Raises:
        ShapeError: Not four axes (N, C, H, W), or C, H or W is empty.
    """
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ShapeError(
            argument, "(N, C, H, W) with C, H, W of at least 1", repr(tuple(x.shape)), "x[None] adds the batch axis"
        )


def pad2d(x: Tensor, rows: Margins, columns: Margins, value: float = 0) -> Tensor:
    """Put a border of one value around every plane.

    Shape:
        x:      (N, C, H, W)
        return: (N, C, rows[0] + H + rows[1], columns[0] + W + columns[1])
    """
    if not any((*rows, *columns)):
        return x
    N, C, H, W = x.shape
    padded = x.new_full((N, C, H + sum(rows), W + sum(columns)), value)
    padded[:, :, rows[0] : rows[0] + H, columns[0] : columns[0] + W] = x
    return padded


@dataclass(frozen=True, slots=True)
class Axis:
    """The windows along one axis: where they start and how many there are."""

    layer: Layer
    size: int
    windows: int
    margins: Margins

    def taps(self, k: int) -> slice:
        """Positions of the padded axis that the windows see at tap k."""
        first = k * self.layer.dilation
        return slice(first, first + (self.windows - 1) * self.layer.stride + 1, self.layer.stride)


@dataclass(frozen=True, slots=True)
class Grid:
    """The windows over a whole image.

    Args:
        rows: The vertical axis.
        columns: The horizontal axis.
    """

    rows: Axis
    columns: Axis

    @property
    def output(self) -> tuple[int, int]:
        """H_out and W_out."""
        return self.rows.windows, self.columns.windows

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the padded image."""
        return self.rows.size + sum(self.rows.margins), self.columns.size + sum(self.columns.margins)

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """All taps (u, v) of one window, row by row."""
        K_h, K_w = self.rows.layer.kernel_size, self.columns.layer.kernel_size
        return [(u, v) for u in range(K_h) for v in range(K_w)]

    def pad(self, x: Tensor, value: float = 0) -> Tensor:
        """Put this grid's border around x."""
        return pad2d(x, self.rows.margins, self.columns.margins, value)

    def crop(self, padded: Tensor) -> Tensor:
        """Take this grid's border away: the inverse of `pad`."""
        top, left = self.rows.margins[0], self.columns.margins[0]
        return padded[:, :, top : top + self.rows.size, left : left + self.columns.size]

    def tap(self, padded: Tensor, u: int, v: int) -> Tensor:
        """View what every window sees at its tap (u, v).

        Shape:
            padded: (N, C, *self.padded)
            return: (N, C, H_out, W_out), a view: writing to it writes to `padded`
        """
        return padded[:, :, self.rows.taps(u), self.columns.taps(v)]

    def taps(self, padded: Tensor) -> Tensor:
        """View all windows at once: `tap(padded, u, v)` is [:, :, u, v] of it.

        Shape:
            padded: (N, C, *self.padded)
            return: (N, C, K_h, K_w, H_out, W_out), a view in which pixels occur as often as windows see them
        """
        rows, columns = self.rows.layer, self.columns.layer
        # A step to the next tap is `dilation` pixels, to the next window `stride`.
        down, right = padded.stride()[2:]
        steps = (rows.dilation * down, columns.dilation * right, rows.stride * down, columns.stride * right)
        sides = (rows.kernel_size, columns.kernel_size, *self.output)
        return padded.as_strided((*padded.shape[:2], *sides), (*padded.stride()[:2], *steps), padded.storage_offset())

    def band(self, first: int, last: int) -> tuple[slice, Grid]:
        """Pick rows of windows, `first` to `last` without it: the padded rows that they see, and the grid over those."""
        layer = self.rows.layer
        top, height = first * layer.stride, (last - first - 1) * layer.stride + layer.extent
        rows = Axis(layer, height, last - first, (0, 0))
        columns = Axis(self.columns.layer, self.padded[1], self.columns.windows, (0, 0))
        return slice(top, top + height), Grid(rows, columns)


def grid(
    sides: tuple[int, int],
    kernel_size: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    argument: str = "x",
) -> Grid:
    """Lay out the windows over an image.

    Args:
        sides: H and W of the image.
        kernel_size: K_h and K_w.
        stride: Pixels between two windows; at least 1.
        padding: Pixels of border on each side, at least 0; or "valid" for none, "full" so that
            every tap meets every pixel, "same" for H_out = H.  Where the border of "same" cannot
            be even on both sides, the extra pixel goes to the bottom and the right.
        dilation: Pixels between two taps; at least 1.
        ceil_mode: Keep a last window that hangs over the end.
        argument: What the image is called in an error.

    Raises:
        OptionError: An option is of no use, or "same" is asked with a stride.
        ShapeError: The window is larger than the padded image.
    """
    strides, dilations = pair("stride", stride, 1), pair("dilation", dilation, 1)
    axes = []
    for axis in (0, 1):
        layer = Layer(kernel_size[axis], strides[axis], 0, dilations[axis])
        margins = _margins(layer, padding, axis)
        try:
            windows = output_size(
                sides[axis] + margins[1] - margins[0],  # only "same" has uneven margins
                layer.kernel_size,
                stride=layer.stride,
                padding=margins[0],
                dilation=layer.dilation,
                ceil_mode=ceil_mode,
            )
        except ShapeError as error:
            name = ("H", "W")[axis]
            raise ShapeError(
                argument,
                f"{name} of at least {layer.extent - sum(margins)}, "
                f"as the window spans {layer.extent} and the padding adds {sum(margins)}",
                f"{name} = {sides[axis]}",
                "enlarge the image or the padding, or shrink the kernel",
            ) from error
        # ceil_mode reads beyond the trailing border: extend it to the end of the last window
        overhang = (windows - 1) * layer.stride + layer.extent - sides[axis] - sum(margins)
        axes.append(Axis(layer, sides[axis], windows, (margins[0], margins[1] + max(0, overhang))))
    return Grid(*axes)


def _margins(layer: Layer, padding: Pair | str, axis: int) -> Margins:
    reach = layer.extent - 1
    match padding:
        case "valid":
            return 0, 0
        case "full":
            return reach, reach
        case "same":
            if layer.stride != 1:
                raise OptionError("stride", "1 with padding 'same'", repr(layer.stride), "give the padding as a number")
            return reach // 2, reach - reach // 2
        case str():
            raise OptionError("padding", "an integer, a pair, 'valid', 'same' or 'full'", repr(padding))
        case _:
            number = pair("padding", padding, 0)[axis]
            return number, number


def sum_channels(x: Tensor, weight: Tensor) -> Tensor:
    """Mix the channels of every group: the only product in a convolution.

        y[n, g, o, i, j] = sum over c of weight[g, o, c] * x[n, g, c, i, j]

    Shape:
        x:      (N, G, C, H, W)
        weight: (G, O, C)         dtype of x
        return: (N, G, O, H, W)   dtype of x
    """
    if x.is_floating_point() or x.is_complex():
        return torch.einsum("ngchw,goc->ngohw", x, weight)
    # CUDA has no matrix product of integers: multiply and add in the open.
    return (x[:, :, None] * weight[None, :, :, :, None, None]).sum(3, dtype=x.dtype)
