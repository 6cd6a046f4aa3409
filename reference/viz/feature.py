"""What a network has learned and what it sees: its kernels, and its feature maps on an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.viz.field import image_array
from reference.viz.style import GREY, INK, Voice, new_figure, size_text

Array = npt.NDArray[Any]
POSITIVE = "cividis"  # dark blue to yellow, even in brightness, made for colour-blind readers
SIGNED = "PuOr"  # orange below zero, white at zero, purple above


def kernels(weight: Tensor, *, most: int = 64, language: str = "auto") -> Figure:
    """Draw the kernels of a convolution.

    With one input channel they are orange below 0 and purple above; with three
    they are colour pictures, grey where they are 0.  With other numbers of
    channels each is a row of pictures, one a channel.  All have one scale, so that
    weak kernels look weak.

    Shape:
        weight: (C_out, C_in, K_h, K_w)

    Args:
        most: Kernels, and input channels, to draw at most; the first ones.
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        ShapeError: weight is no such tensor.
        OptionError: `most` is no integer of at least 1.
    """
    say = Voice(language)
    require_at_least("most", most, 1)
    if weight.ndim != 4 or 0 in weight.shape:
        raise ShapeError("weight", "(C_out, C_in, K_h, K_w), no axis empty", repr(tuple(weight.shape)))
    drawn = weight.detach().to("cpu", torch.float64)[:most, :most]
    largest = max(float(drawn.abs().max()), 1e-12)
    C_out, C_in = drawn.shape[:2]
    shape = size_text(weight.shape)
    note = say(f"{shape}, scale −{largest:.2g} to {largest:.2g}", f"{shape}，标度 −{largest:.2g} 至 {largest:.2g}")
    columns = min(C_out, 8) if C_in in (1, 3) else C_in
    rows = math.ceil(C_out / columns) if C_in in (1, 3) else C_out
    figure, panels = _panels(rows, columns, 0.72)
    for number, kernel in enumerate(drawn):
        if C_in == 3:
            picture = (kernel / largest / 2 + 0.5).permute(1, 2, 0).numpy()
            panels[number].imshow(picture, interpolation="nearest", gid=f"kernel {number}")
        else:
            for channel, values in enumerate(kernel.numpy()):
                gid = f"kernel {number},{channel}"
                _draw_map(panels[number * C_in + channel], values, (-largest, largest), gid)
        _number(panels[number if C_in == 3 else number * C_in], number)
    _headline(figure, say("kernels ", "卷积核 ") + note)
    return say.dress(figure)


def feature_maps(y: Tensor, *, most: int = 32, language: str = "auto") -> Figure:
    """Draw the feature maps of one image, one scale for all.

    Maps without negative values run from dark blue (0) to yellow; others from
    orange (below 0) over white to purple.

    Shape:
        y: (C, H, W) or (1, C, H, W)

    Args:
        most: Maps to draw at most; the first ones.
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        ShapeError: y is no such tensor.
        OptionError: `most` is no integer of at least 1.
    """
    say = Voice(language)
    require_at_least("most", most, 1)
    maps = _maps("y", y)
    drawn = maps[:most]
    columns = min(len(drawn), 8)
    figure, panels = _panels(math.ceil(len(drawn) / columns), columns, 0.95)
    for number, values in enumerate(drawn):
        _draw_map(panels[number], values, _scale(drawn), f"map {number}")
        _number(panels[number], number)
    low, high = _scale(drawn)
    size = size_text(maps.shape)
    _headline(
        figure,
        say(f"feature maps {size}, {low:.2g} to {high:.2g}", f"特征图 {size}，{low:.2g} 至 {high:.2g}").replace(
            "-", "\u2212"
        ),
    )
    return say.dress(figure)


def network_features(
    net: nn.Module, x: Tensor, layers: Sequence[str], *, most: int = 8, language: str = "auto"
) -> Figure:
    """Run a network on an image and draw what its layers make of it, one row a layer.

    The network is put into eval mode for the run, and back; no gradient is kept.

    Shape:
        x: (1, C, H, W); the image is drawn if it has 1 or 3 channels

    Args:
        net: Any network that takes x.
        layers: Names of its modules, as `named_modules` gives them; each must return a (1, C, H, W) tensor.
        most: Maps of a layer to draw at most; those that respond most strongly, in the order of the channels.
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        OptionError: There is no such module, or it took no part, or `most` is no integer of at least 1.
        ShapeError: x holds not one image, or a module returns something else.
    """
    say = Voice(language)
    require_at_least("most", most, 1)
    if x.ndim != 4 or x.shape[0] != 1:
        raise ShapeError("x", "(1, C, H, W)", repr(tuple(x.shape)), "draw one image at a time")
    outputs = _outputs(net, x, layers)
    shows_image = x.shape[1] in (1, 3)
    left = 0.4 + 0.085 * max(map(len, [*layers, size_text(x.shape[1:])]))  # inches a letter
    figure, panels = _panels(len(layers) + shows_image, most, 0.95, left=left, head=0.25)
    if shows_image:
        panels[0].imshow(image_array(x[0]), cmap="gray", vmin=0, vmax=1, interpolation="nearest", gid="image")
        _row_label(panels[0], say("image", "图像"), size_text(x.shape[1:]))
    for row, (name, maps) in enumerate(zip(layers, outputs, strict=True), start=int(shows_image)):
        strongest = np.sort(np.argsort(-np.abs(maps).mean((1, 2)), kind="stable")[:most])
        scale = _scale(maps[strongest])
        for column, channel in enumerate(strongest):
            axes = panels[row * most + column]
            _draw_map(axes, maps[channel], scale, f"{name} {channel}")
            _number(axes, int(channel))
        _row_label(panels[row * most], name, size_text(maps.shape))
    return say.dress(figure)


def _outputs(net: nn.Module, x: Tensor, layers: Sequence[str]) -> list[Array]:
    modules = dict(net.named_modules())
    seen: dict[str, Any] = {}
    hooks = []
    for name in layers:
        if name not in modules or name == "":
            known = [other for other in modules if other]
            raise OptionError("layers", "names of modules", repr(name), f"some are {', '.join(known[:5])}")
        hooks.append(modules[name].register_forward_hook(lambda _, __, y, name=name: seen.update({name: y})))
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        with torch.no_grad():
            net(x)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode
    for name in layers:
        if name not in seen:
            raise OptionError("layers", "modules that the forward pass calls", repr(name))
    return [_maps(name, seen[name]) for name in layers]


def _maps(name: str, y: Any) -> Array:
    if isinstance(y, Tensor) and y.ndim == 4 and y.shape[0] == 1:
        y = y[0]
    if not isinstance(y, Tensor) or y.ndim != 3 or 0 in y.shape:
        got = repr(tuple(y.shape)) if isinstance(y, Tensor) else type(y).__name__
        raise ShapeError(name, "(C, H, W) or (1, C, H, W), no axis empty", got)
    maps: Array = y.detach().to("cpu", torch.float64).numpy()
    return maps


def _scale(maps: Array) -> tuple[float, float]:
    """From 0 to the largest value; with negative values, as far on both sides of 0."""
    low, high = float(maps.min()), float(maps.max())
    if low >= 0:
        return 0.0, max(high, 1e-12)
    reach = max(-low, high)
    return -reach, reach


def _draw_map(axes: Axes, values: Array, scale: tuple[float, float], gid: str) -> None:
    colours = SIGNED if scale[0] < 0 else POSITIVE
    axes.imshow(values, cmap=colours, vmin=scale[0], vmax=scale[1], interpolation="nearest", gid=gid)


def _panels(
    rows: int, columns: int, inches: float, *, left: float = 0.35, head: float = 0.5
) -> tuple[Figure, list[Axes]]:
    """Make a figure of square panels, all empty and without frames, in reading order."""
    gap = 0.2
    width = max(4.2, left + columns * (inches + gap) + 0.15)
    height = head + rows * (inches + gap) + 0.05
    figure = new_figure(width, height)
    panels = []
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * (inches + gap), height - head - row * (inches + gap) - inches
            box = (x / width, y / height, inches / width, inches / height)
            axes = figure.add_axes(box)
            axes.set_axis_off()
            panels.append(axes)
    return figure, panels


def _number(axes: Axes, number: int) -> None:
    axes.text(0.0, 1.03, str(number), fontsize=6.5, color=GREY, ha="left", va="bottom", transform=axes.transAxes)


def _row_label(axes: Axes, name: str, size: str) -> None:
    axes.text(-0.12, 0.62, name, fontsize=8.5, color=INK, ha="right", va="center", transform=axes.transAxes)
    axes.text(-0.12, 0.34, size, fontsize=7, color=GREY, ha="right", va="center", transform=axes.transAxes)


def _headline(figure: Figure, text: str) -> None:
    height = figure.get_size_inches()[1]
    figure.text(
        0.35 / figure.get_size_inches()[0], 1 - 0.2 / height, text, fontsize=9.5, color=INK, va="center", gid="headline"
    )
