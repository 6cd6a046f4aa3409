"""A convolution step by step: the window, the products, the sum, and where the sum goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from reference.errors import OptionError, ShapeError, require_one_of
from reference.geometry import Pair
from reference.layers import convolve2d, correlate2d
from reference.layers.window import Grid, grid
from reference.viz.board import Board, Place
from reference.viz.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    TINTS,
    VERMILION,
    Voice,
    equals,
    factor_text,
    lay_out,
    new_sheet,
    number_text,
)

CONVENTIONS = ("correlation", "convolution")
MOST_CELLS = 20  # on a side; more are too small to read
GAP = 1.3  # cells between boards
LINE = 0.66  # cells between lines of arithmetic
LETTER, BOLD_LETTER = 0.175, 0.225  # cells, breadth of a letter there


def convolution_frame(x: Any, weight: Any, place: Place, **options: Any) -> Figure:
    """Draw one step: how element `place` of the result comes about.

    On the left the image with its border of zeros, one board a channel; the cells
    of the window carry in a corner the weight that they meet.  In the middle the
    kernel, on the right the result as far as it is worked out, below the
    arithmetic, one line for every row of the kernel.

    Shape:
        x:      (H, W) or (C, H, W)       numbers
        weight: (K_h, K_w) or (C, K_h, K_w)

    Args:
        place: Row and column of the result, from 0.
        options: `bias` (a number), `stride`, `padding`, `dilation` as in `correlate2d`; `convention`,
            "correlation" or "convolution", which turns the kernel by 180 degrees and shows it turned;
            `language`: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        ShapeError: The sizes do not fit, or a board would be too large to read.
        OptionError: An option is of no use, or there is no such place in the result.

    Example:
        >>> figure = convolution_frame([[1, 2], [3, 4]], [[1, -1]], (1, 0), language="en")
        >>> [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "total"]
        ['y[1, 0] = −1']
    """
    plan = _plan(x, weight, **options)
    H_out, W_out = plan.windows.output
    if not (0 <= place[0] < H_out and 0 <= place[1] < W_out):
        raise OptionError("place", f"a row below {H_out} and a column below {W_out}", repr(place), "counted from 0")
    figure, axes = new_sheet(*plan.sheet)
    plan.paint(axes, place)
    return plan.voice.dress(figure)


def convolution_frames(x: Any, weight: Any, **options: Any) -> list[Figure]:
    """Draw all steps, row by row of the result; everything is as in `convolution_frame`.

    Example:
        >>> len(convolution_frames([[1, 2], [3, 4]], [[1, -1]], padding=1))
        12
    """
    H_out, W_out = _plan(x, weight, **options).windows.output
    return [convolution_frame(x, weight, (i, j), **options) for i in range(H_out) for j in range(W_out)]


def convolution_animation(x: Any, weight: Any, *, seconds: float = 0.8, **options: Any) -> FuncAnimation:
    """Animate all steps; `animation.save("steps.gif", writer="pillow")` writes a GIF.

    Everything is as in `convolution_frame`.

    Args:
        seconds: How long a step stands; the last one is shown twice.

    Raises:
        OptionError: `seconds` is not positive.
    """
    if not seconds > 0:
        raise OptionError("seconds", "more than 0", repr(seconds))
    plan = _plan(x, weight, **options)
    H_out, W_out = plan.windows.output
    steps = [(i, j) for i in range(H_out) for j in range(W_out)]
    figure, axes = new_sheet(*plan.sheet)

    def show(step: Place) -> list[Axes]:
        axes.clear()
        lay_out(axes, *plan.sheet)
        plan.paint(axes, step)
        plan.voice.dress(figure)
        return [axes]

    return FuncAnimation(
        figure, show, frames=[*steps, steps[-1]], init_func=lambda: [axes], interval=1000 * seconds, repeat=True
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that the steps share."""

    padded: Tensor  # (C, H + border, W + border)
    used: Tensor  # (C, K_h, K_w), as it lies on the image
    y: Tensor  # (H_out, W_out)
    bias: float
    windows: Grid
    is_turned: bool
    voice: Voice

    @property
    def boards(self) -> tuple[list[Board], list[Board], Board]:
        """Image and kernel of each channel, and the result."""
        C, K_h, K_w = self.used.shape
        H, W = self.windows.padded
        x = [Board(f"x{c}" if C > 1 else "x", 0.6, 1.5 + c * (H + GAP), H, W) for c in range(C)]
        w = [
            Board(f"w{c}" if C > 1 else "w", x[c].right + GAP, x[c].y + max(0, (H - K_h) // 2), K_h, K_w)
            for c in range(C)
        ]
        # Room for the title above a small kernel.
        left = w[0].x + max(K_w, 2 + 1.5 * self.is_turned) + GAP
        middle = (x[0].y + x[-1].bottom) / 2
        H_out, W_out = self.windows.output
        return x, w, Board("y", left, max(1.5, middle - H_out / 2), H_out, W_out)

    @property
    def sheet(self) -> tuple[float, float]:
        x, w, y = self.boards
        H_out, W_out = self.windows.output
        # All steps have one size, that of the longest arithmetic.
        steps = [self._sums((i, j)) for i in range(H_out) for j in range(W_out)]
        widest = max(max(LETTER * max(map(len, lines)), BOLD_LETTER * len(total)) for lines, total in steps)
        across = max(y.x + max(y.columns, 2), 0.6 + widest) + 0.6
        return across, max(x[-1].bottom, w[-1].bottom, y.bottom) + 0.9 + (len(steps[0][0]) + 1) * LINE + 0.3

    def paint(self, axes: Axes, place: Place) -> None:
        x, w, y = self.boards
        several = len(x) > 1
        say = self.voice
        sign = "∗" if self.is_turned else "⋆"  # as in print: convolution, correlation
        for c in range(len(x)):
            self._paint_image(axes, x[c], c, place)
            name = say(f"channel {c}", f"通道 {c}") if several else say("input", "输入")
            x[c].title(axes, name)
            w[c].draw(axes, lambda at, c=c: self.used[c, at[0], at[1]].item(), colour=lambda _: VERMILION)  # type: ignore[misc]
            w[c].title(axes, say("kernel, turned", "卷积核（已旋转）") if self.is_turned else say("kernel", "卷积核"))
            axes.text((x[c].right + w[c].x) / 2, w[c].y + w[c].rows / 2, sign, fontsize=20, ha="center", va="center")
        axes.text(y.x - 0.65, y.y + y.rows / 2, "=", fontsize=16, color=INK, ha="center", va="center")
        y.draw(
            axes,
            lambda at: self.y[at].item() if at <= place else None,
            fill=lambda at: TINTS[0] if at == place else "white" if at < place else PALE,
            bold=lambda at: at == place,
        )
        y.frame(axes, place, 1, 1, BLUE)
        y.title(axes, say("output", "输出"))
        self._paint_sum(axes, place, max(x[-1].bottom, w[-1].bottom, y.bottom) + 0.9)

    def _taps(self, place: Place) -> dict[Place, Place]:
        """Which tap of the window lies on which cell of the padded image."""
        rows, columns = self.windows.rows.layer, self.windows.columns.layer
        return {
            (place[0] * rows.stride + u * rows.dilation, place[1] * columns.stride + v * columns.dilation): (u, v)
            for u, v in self.windows.offsets
        }

    def _is_border(self, at: Place) -> bool:
        top, left = self.windows.rows.margins[0], self.windows.columns.margins[0]
        return not (top <= at[0] < top + self.windows.rows.size and left <= at[1] < left + self.windows.columns.size)

    def _paint_image(self, axes: Axes, board: Board, c: int, place: Place) -> None:
        taps = self._taps(place)
        board.draw(
            axes,
            lambda at: self.padded[c, at[0], at[1]].item(),
            fill=lambda at: TINTS[1] if at in taps else PALE if self._is_border(at) else "white",
            colour=lambda at: GREY if self._is_border(at) else INK,
        )
        for at, (u, v) in taps.items():
            text = f"×{number_text(self.used[c, u, v].item())}"
            board.note(axes, at, text, VERMILION, f"{board.name}[{at[0]},{at[1]}] weight")
        corner, last = min(taps), max(taps)
        board.frame(axes, corner, last[0] - corner[0] + 1, last[1] - corner[1] + 1, VERMILION)

    def _sums(self, place: Place) -> tuple[list[str], str]:
        """The arithmetic: a line for every row of the kernel, and the total."""
        at_of = {tap: at for at, tap in self._taps(place).items()}
        C, K_h, K_w = self.used.shape
        lines, sums = [], []
        for c in range(C):
            for u in range(K_h):
                pairs = [(self.padded[c, *at_of[u, v]].item(), self.used[c, u, v].item()) for v in range(K_w)]
                sums.append(sum(a * b for a, b in pairs))
                products = " + ".join(f"{factor_text(a)}·{factor_text(b)}" for a, b in pairs)
                lines.append(f"{products} {equals(sums[-1])} {number_text(sums[-1])}")
        if self.bias:
            sums.append(self.bias)
            lines.append(self.voice("bias ", "偏置 ") + number_text(self.bias))
        y = self.y[place].item()
        parts = " + ".join(factor_text(part) if number else number_text(part) for number, part in enumerate(sums))
        total = f"y[{place[0]}, {place[1]}] = " + (f"{parts} {equals(y)} " if len(sums) > 1 else "") + number_text(y)
        return lines, total

    def _paint_sum(self, axes: Axes, place: Place, top: float) -> None:
        lines, total = self._sums(place)
        for number, line in enumerate(lines):
            axes.text(0.6, top + number * LINE, line, fontsize=8.5, color=INK, va="center", gid=f"sum {number}")
        y = top + len(lines) * LINE + 0.1
        axes.text(0.6, y, total, fontsize=9.5, color=BLUE, fontweight="bold", va="center", gid="total")


def _plan(
    x: Any,
    weight: Any,
    *,
    bias: float = 0,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    convention: str = "correlation",
    language: str = "auto",
) -> _Plan:
    require_one_of("convention", convention, CONVENTIONS)
    voice = Voice(language)
    image, kernel = _stack("x", x), _stack("weight", weight)
    layer = convolve2d if convention == "convolution" else correlate2d
    y = layer(image[None], kernel[None], stride=stride, padding=padding, dilation=dilation)[0, 0] + bias
    sides, window = (image.shape[1], image.shape[2]), (kernel.shape[1], kernel.shape[2])
    windows = grid(sides, window, stride=stride, padding=padding, dilation=dilation)
    if max(windows.padded) > MOST_CELLS:
        raise ShapeError(
            "x",
            f"at most {MOST_CELLS} x {MOST_CELLS} with its padding",
            f"{windows.padded[0]} x {windows.padded[1]}",
            "more numbers cannot be read; draw a part of the image",
        )
    used = kernel.flip(1, 2) if convention == "convolution" else kernel
    return _Plan(windows.pad(image[None])[0], used, y, bias, windows, convention == "convolution", voice)


def _stack(name: str, values: Any) -> Tensor:
    """Read numbers as (C, rows, columns), exactly."""
    tensor = torch.as_tensor(values).detach().to("cpu", torch.float64)
    if tensor.ndim == 2:
        tensor = tensor[None]
    if tensor.ndim != 3 or 0 in tensor.shape:
        raise ShapeError(name, "(H, W) or (C, H, W), no axis empty", repr(tuple(tensor.shape)))
    return tensor
