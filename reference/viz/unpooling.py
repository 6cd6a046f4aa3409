"""Max-pooling and unpooling side by side: what the switches remember, and what they put back."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from torch import Tensor

from reference.errors import ShapeError
from reference.geometry import Pair, pair
from reference.layers import max_pool2d, max_unpool2d
from reference.viz.board import Board, Place
from reference.viz.style import BLUE, GREY, INK, PALE, TINTS, VERMILION, Voice, new_sheet

MOST_CELLS = 16  # on a side; more are too small to read
GAP = 2.6  # cells between boards, for the arrows


def unpooling(
    x: Any, kernel_size: Pair = 2, *, stride: Pair | None = None, values: Any = None, language: str = "auto"
) -> Figure:
    """Draw a max-pooling, its switches, and the unpooling that uses them.

    The boards: the image with its windows tinted and their maxima framed; the
    maxima, each with its switch (the place of the maximum, row*W + column); with
    `values` also those, as they come back from a decoder; and the unpooled image,
    zeros between.  Where windows overlap, no tint can show them, and only the
    maxima are tinted.

    Shape:
        x:      (H, W)           numbers
        values: (H_out, W_out)   what is unpooled instead of the maxima

    Args:
        kernel_size: Sides of the window.
        stride: Pixels between two windows; None means kernel_size.
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        ShapeError: x is no matrix or too large to read, or `values` has not the shape of the maxima.
        OptionError: An option is of no use.

    Example:
        >>> figure = unpooling([[1, 5], [2, 0]], language="en")
        >>> [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "unpooled[0,1]"]
        ['5']
    """
    say = Voice(language)
    image = _matrix("x", x)
    H, W = image.shape
    if max(H, W) > MOST_CELLS:
        raise ShapeError("x", f"at most {MOST_CELLS} x {MOST_CELLS}", f"{H} x {W}", "more numbers cannot be read")
    pooled, indices = max_pool2d(image[None, None], kernel_size, stride=stride)
    returned = pooled[0, 0] if values is None else _matrix("values", values)
    if returned.shape != pooled.shape[2:]:
        raise ShapeError("values", f"the shape of the maxima, {tuple(pooled.shape[2:])}", repr(tuple(returned.shape)))
    unpooled = max_unpool2d(returned[None, None], indices, kernel_size, stride, output_size=(H, W))[0, 0]
    switches = {
        divmod(int(place), W): divmod(number, indices.shape[3]) for number, place in enumerate(indices.flatten())
    }
    sides = pair("kernel_size", kernel_size, 1)
    steps = sides if stride is None else pair("stride", stride, 1)
    apart = all(step >= side for step, side in zip(steps, sides, strict=True))

    def tint(window: Place) -> str:
        return TINTS[window[0] % 2 * 2 + window[1] % 2]

    def window_of(at: Place) -> Place | None:
        window = (at[0] // steps[0], at[1] // steps[1])
        inside = all(at[i] - window[i] * steps[i] < sides[i] and window[i] < pooled.shape[2 + i] for i in (0, 1))
        return window if inside else None

    def fill(at: Place) -> str:
        window = window_of(at) if apart else switches.get(at)
        return "white" if window is None else tint(window)

    h, w = pooled.shape[2:]
    top = 1.6 + (H - h) / 2
    before = Board("x", 0.7, 1.6, H, W)
    maxima = Board("pooled", before.right + GAP, top, h, w)
    back = maxima if values is None else Board("values", maxima.right + GAP, top, h, w)
    after = Board("unpooled", back.right + GAP, 1.6, H, W)
    figure, axes = new_sheet(after.right + 0.7, before.bottom + 1.4)
    before.draw(axes, lambda at: image[at].item(), fill=fill, bold=lambda at: at in switches)
    maxima.draw(axes, lambda at: pooled[0, 0, at[0], at[1]].item(), fill=tint)
    if values is not None:
        back.draw(axes, lambda at: returned[at].item(), fill=tint)
    after.draw(
        axes,
        lambda at: unpooled[at].item(),
        fill=lambda at: tint(switches[at]) if at in switches else PALE,
        colour=lambda at: INK if at in switches else GREY,
        bold=lambda at: at in switches,
    )
    for at in switches:
        before.frame(axes, at, 1, 1, VERMILION, width=1.8)
        after.frame(axes, at, 1, 1, VERMILION, width=1.8)
    for board in {maxima, back}:
        for number, place in enumerate(indices.flatten().tolist()):
            at = divmod(number, w)
            board.note(axes, at, str(place), BLUE, f"{board.name}[{at[0]},{at[1]}] switch")
    before.title(axes, say("before pooling", "池化之前"))
    maxima.title(axes, say("maxima", "最大值"))
    after.title(axes, say("unpooled", "反池化之后"))
    _arrow(axes, before, maxima, say("pool", "池化"))
    if values is not None:
        back.title(axes, say("decoder", "解码器"))
        _arrow(axes, maxima, back, say("layers", "各层"))
    _arrow(axes, back, after, say("unpool", "反池化"))
    note = say("small numbers: switches, row·W + column of each maximum", "小号数字：开关，即最大值的位置（行·W + 列）")
    axes.text(0.7, before.bottom + 0.7, note, fontsize=8.5, color=BLUE, va="center", gid="note")
    return say.dress(figure)


def _arrow(axes: Axes, left: Board, right: Board, text: str) -> None:
    y = left.y + left.rows / 2
    start, end = (left.right + 0.35, y), (right.x - 0.35, y)
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=INK, lw=1.2))
    axes.text((start[0] + end[0]) / 2, y - 0.25, text, fontsize=8.5, color=INK, ha="center", va="bottom")


def _matrix(name: str, values: Any) -> Tensor:
    tensor = torch.as_tensor(values).detach().to("cpu", torch.float64)
    if tensor.ndim != 2 or 0 in tensor.shape:
        raise ShapeError(name, "(H, W), no axis empty", repr(tuple(tensor.shape)))
    return tensor
