"""Receptive fields: how they grow through the layers, from the side and on the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Layer, ReceptiveField, receptive_field, receptive_field_steps
from reference.viz.style import BLUE, GREY, INK, PALE, SKY, TINTS, VERMILION, Voice, new_figure, new_sheet, size_text

MOST_PIXELS = 64  # of a row; more are too small to see
ROW = 2.4  # cells between two layers
HALF = 0.38  # half the side of a unit


def field_rows(
    layers: Sequence[Layer],
    size: int,
    index: int | None = None,
    *,
    names: Sequence[str] | None = None,
    language: str = "auto",
) -> Figure:
    """Draw a stack of layers from the side, and everything that one unit at the top sees.

    The lowest row is one side of the image, each row above the output of a
    layer; every unit stands over the middle of the pixels that it sees.  Lines
    lead to the taps; units with a dashed edge are padding.  On the right the
    field of each layer and how it grew.

    Args:
        layers: From the image to the top; at least one.
        size: Pixels of the image, at most 64.
        index: The unit of the top row; None takes the middle one.
        names: One a layer, instead of "layer 1" and so on.
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        OptionError: A number is of no use, there are no layers, or there is not one name a layer.
        ShapeError: The image is too small for a layer, or too wide to draw.

    Example:
        >>> figure = field_rows([Layer(3), Layer(2, stride=2)], 8, names=["conv", "pool"], language="en")
        >>> [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "growth 2"]
        ['3 + (2 − 1)·1 = 4']
    """
    say = Voice(language)
    labels = _names(layers, names, say)
    if size > MOST_PIXELS:
        raise ShapeError("size", f"at most {MOST_PIXELS}", repr(size), "draw a smaller image; the fields are the same")
    sides = [size]
    for layer in layers:
        sides.append(layer.side(sides[-1]))
    chosen = sides[-1] // 2 if index is None else index
    if not 0 <= chosen < sides[-1]:
        raise OptionError("index", f"0 to {sides[-1] - 1}, the units of the top row", repr(index))
    steps = receptive_field_steps(layers)
    fields = [ReceptiveField(), *(step.after for step in steps)]
    seen = _seen(layers, sides, chosen)
    # Padding may lie outside the image on both sides: the sheet begins where the leftmost unit does.
    places = [_middle(fields[level], unit) for level, units in enumerate(seen) for unit in units]
    left = min(0.0, *(place - 1 for place in places))
    right = max(float(size), *(place + 1 for place in places))
    margin = 0.7 + 0.24 * max(map(len, labels))  # for the names
    figure, axes = new_sheet(margin + right - left + 5.6, ROW * len(layers) + 2.0)
    origin = margin - left

    def at(level: int, unit: int) -> tuple[float, float]:
        return origin + _middle(fields[level], unit), ROW * (len(layers) - level) + 1.0

    for level in range(1, len(fields)):
        for unit in sorted(seen[level]):
            for tap in _taps(layers[level - 1], unit) if 0 <= unit < sides[level] else ():
                (x, y), (x_tap, y_tap) = at(level, unit), at(level - 1, tap)
                axes.plot([x, x_tap], [y + HALF, y_tap - HALF], color=SKY, lw=0.9, zorder=1)
    for level in range(len(fields)):
        for unit in sorted(set(range(sides[level])) | seen[level]):
            _unit(axes, at(level, unit), unit in seen[level], not 0 <= unit < sides[level], f"unit {level},{unit}")
        y = at(level, 0)[1]
        name = say("image", "图像") if level == 0 else labels[level - 1]
        axes.text(0.3, y, name, fontsize=9.5, color=INK, va="center", gid=f"name {level}")
        if level:
            x = origin + right + 0.4
            layer = layers[level - 1]
            facts = _facts(layer, say)
            axes.text(x, y - 0.32, facts, fontsize=7.5, color=GREY, va="center", gid=f"layer {level}")
            growth = str(steps[level - 1]).replace("*", "·").replace("-", "\u2212")
            axes.text(x, y + 0.32, growth, fontsize=9, color=BLUE, va="center", gid=f"growth {level}")
    return say.dress(figure)


def field_on_image(
    layers: Sequence[Layer],
    image: Any,
    position: tuple[int, int] | None = None,
    *,
    names: Sequence[str] | None = None,
    language: str = "auto",
) -> Figure:
    """Draw on an image what the units at one place of each layer see: squares that grow with depth.

    The last layer's unit is `position`; of every layer before, the unit whose field
    lies closest around the same middle.  Parts of a field outside the image are padding.

    Shape:
        image: (H, W) or (3, H, W), floats from 0 to 1

    Args:
        layers: From the image to the top; at least one.
        position: Row and column of the unit of the last layer; None takes the middle one.
        names: One a layer, instead of "layer 1" and so on.
        language: "en", "zh", or "auto" for Chinese where this machine has a font for it.

    Raises:
        OptionError: There are no layers, no such unit, or not one name a layer.
        ShapeError: The image has another shape, or is too small for a layer.
    """
    say = Voice(language)
    labels = _names(layers, names, say)
    picture = image_array(image)
    fields = [receptive_field(layers[: depth + 1]) for depth in range(len(layers))]
    sides = [(picture.shape[0], picture.shape[1])]
    for layer in layers:
        sides.append((layer.side(sides[-1][0]), layer.side(sides[-1][1])))
    top = sides[-1]
    chosen = (top[0] // 2, top[1] // 2) if position is None else position
    if not (0 <= chosen[0] < top[0] and 0 <= chosen[1] < top[1]):
        raise OptionError("position", f"a row below {top[0]} and a column below {top[1]}", repr(position))
    middle = [_middle(fields[-1], place) for place in chosen]
    spans = []
    for field, (rows, columns) in zip(fields, sides[1:], strict=True):
        unit = [_nearest(field, target, count) for target, count in zip(middle, (rows, columns), strict=True)]
        spans.append([field.pixels(place) for place in unit])  # rows, columns
    first = [min(0, *(span[axis][0] for span in spans)) for axis in (0, 1)]
    last = [max(picture.shape[axis], *(span[axis][1] + 1 for span in spans)) for axis in (0, 1)]
    height, width = last[0] - first[0], last[1] - first[1]
    tall = 4.6
    wide = tall * width / height
    figure = new_figure(wide + 2.5, max(tall, 0.2 * len(layers) + 0.8) + 0.5)
    share = wide / (wide + 2.5)
    axes = figure.add_axes((0.02, 0.04, share - 0.03, 0.9))
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, extent=(0, picture.shape[1], picture.shape[0], 0), alpha=0.8)
    axes.set_xlim(first[1] - 1, last[1] + 1)
    axes.set_ylim(last[0] + 1, first[0] - 1)
    axes.set_axis_off()
    axes.set_facecolor(PALE)
    shades = _shades(len(layers))
    for depth, (rows, columns) in reversed(list(enumerate(spans))):  # the small ones on top
        box = Rectangle(
            (columns[0], rows[0]),
            columns[1] - columns[0] + 1,
            rows[1] - rows[0] + 1,
            fill=False,
            edgecolor=shades[depth],
            lw=1.6,
            path_effects=[withStroke(linewidth=2.6, foreground="white")],
        )
        box.set_gid(f"field {depth + 1}")
        axes.add_patch(box)
    key = figure.add_axes((share, 0.04, 1 - share, 0.9))
    key.set_axis_off()
    key.set_xlim(0, 1)
    key.set_ylim(max(len(layers), 14) + 0.5, -1)
    key.text(0.0, -0.4, say("receptive fields", "感受野"), fontsize=10, color=INK, va="center")
    for depth, (name, field) in enumerate(zip(labels, fields, strict=True)):
        key.plot([0.0, 0.12], [depth + 0.5] * 2, color=shades[depth], lw=3)
        text = f"{name}:  {size_text((field.size, field.size))}"
        key.text(0.17, depth + 0.5, text, fontsize=9, color=INK, va="center", gid=f"size {depth + 1}")
    return say.dress(figure)


def image_array(image: Any) -> Any:
    """Read an image for drawing: (H, W), or (H, W, 3) for colours, clipped to 0 to 1.

    Raises:
        ShapeError: Neither (H, W) nor (1, H, W) nor (3, H, W).
    """
    tensor: Tensor = torch.as_tensor(image).detach().to("cpu", torch.float64)
    if tensor.ndim == 3 and tensor.shape[0] == 1:
        tensor = tensor[0]
    if 0 in tensor.shape or not (tensor.ndim == 2 or (tensor.ndim == 3 and tensor.shape[0] == 3)):
        raise ShapeError(
            "image", "(H, W), (1, H, W) or (3, H, W)", repr(tuple(tensor.shape)), "draw one image at a time"
        )
    if tensor.ndim == 3:
        tensor = tensor.permute(1, 2, 0)
    return tensor.clamp(0, 1).numpy()


def _names(layers: Sequence[Layer], names: Sequence[str] | None, say: Voice) -> list[str]:
    if not layers:
        raise OptionError("layers", "at least one layer", "none")
    if names is None:
        return [say(f"layer {number}", f"第 {number} 层") for number in range(1, len(layers) + 1)]
    if len(names) != len(layers):
        raise OptionError("names", f"one a layer, {len(layers)}", f"{len(names)}")
    return list(names)


def _taps(layer: Layer, unit: int) -> range:
    """The positions below that a unit looks at; outside the row they are padding."""
    first = unit * layer.stride - layer.padding
    return range(first, first + layer.extent, layer.dilation)


def _seen(layers: Sequence[Layer], sides: Sequence[int], chosen: int) -> list[set[int]]:
    """All units that the chosen one looks at, lowest row first; those outside a row are its padding, and see nothing."""
    seen = [{chosen}]
    for layer, side in zip(reversed(layers), reversed(sides), strict=False):
        seen.append({tap for unit in seen[-1] if 0 <= unit < side for tap in _taps(layer, unit)})
    return seen[::-1]


def _middle(field: ReceptiveField, unit: int) -> float:
    """The middle of a unit's field; pixel 0 reaches from 0 to 1."""
    first, last = field.pixels(unit)
    return (first + last + 1) / 2


def _nearest(field: ReceptiveField, target: float, count: int) -> int:
    return min(range(count), key=lambda unit: abs(_middle(field, unit) - target))


def _unit(axes: Axes, at: tuple[float, float], is_seen: bool, is_padding: bool, gid: str) -> None:
    colour = TINTS[1] if is_seen else "white"
    box = Rectangle(
        (at[0] - HALF, at[1] - HALF),
        2 * HALF,
        2 * HALF,
        facecolor=PALE if is_padding else colour,
        edgecolor=VERMILION if is_seen else GREY,
        lw=1.2 if is_seen else 0.7,
        linestyle="--" if is_padding else "-",
        zorder=2,
    )
    box.set_gid(gid)
    axes.add_patch(box)


def _facts(layer: Layer, say: Voice) -> str:
    """The layer's numbers, those that are not the usual ones."""
    facts = [say(f"kernel {layer.kernel_size}", f"核 {layer.kernel_size}")]
    if layer.stride > 1:
        facts.append(say(f"stride {layer.stride}", f"步长 {layer.stride}"))
    if layer.padding:
        facts.append(say(f"padding {layer.padding}", f"填充 {layer.padding}"))
    if layer.dilation > 1:
        facts.append(say(f"dilation {layer.dilation}", f"空洞 {layer.dilation}"))
    return ", ".join(facts)


def _shades(count: int) -> list[Any]:
    """Colours from dark blue to yellow that also grow lighter for readers who see no colours."""
    return [colormaps["plasma"](0.05 + 0.85 * depth / max(1, count - 1)) for depth in range(count)]
