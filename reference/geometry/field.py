"""Receptive fields: which input pixels one output position sees, along one side of the image.

After convolutions and poolings all fields are equally wide and equally far apart.
After a layer that enlarges the image they are not: two neighbours may see the same
pixels, and a U-Net's outputs see 188 or 204 of them, depending on where they are.
What repeats is a *period* of positions, and a field is written down for each position of one period.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from reference.errors import OptionError
from reference.geometry.size import Layer, TransposedLayer

Span = tuple[int, int] | None  # first and last, both counted; None is nothing


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What one output position sees of the input.

    Args:
        size: Input pixels that can change it, along one side; where positions differ, the most that any sees.
        jump: Input pixels between the fields of two neighbouring outputs; a fraction where the image was enlarged,
            then on the average.
        start: First input pixel that output 0 sees; negative where it begins in the padding.
        phases: Only where positions differ: first and last pixel of the first positions, until it repeats;
            None for a position that sees nothing.
    """

    size: int = 1
    jump: int | Fraction = 1
    start: int = 0
    phases: tuple[Span, ...] = dataclasses.field(default=(), repr=False)

    @property
    def padding(self) -> int:
        """Padding of the whole stack in input pixels: where the first field begins, counted outwards."""
        return -self.start

    @property
    def overlap(self) -> int | Fraction:
        """Pixels that two neighbouring outputs both see."""
        return max(0, self.size - self.jump)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The different sizes that positions have, smallest first; one, unless the image was enlarged."""
        return tuple(sorted({_width(span) for span in self.phases} or {self.size}))

    @property
    def period(self) -> int:
        """Positions after which the fields repeat, further on."""
        return len(self.phases) or 1

    def pixels(self, index: int) -> tuple[int, int]:
        """First and last input pixel that output `index` sees; pixels outside the image are padding.

        Raises:
            OptionError: That output sees nothing: a transposed convolution left a gap there.
        """
        seen = self.span(index)
        if seen is None:
            raise OptionError("index", "an output that sees the input", repr(index), "its neighbours do")
        return seen

    def span(self, index: int) -> Span:
        """As `pixels`, and None for an output that sees nothing."""
        if not self.size:
            return None
        turns, phase = divmod(index, self.period)
        forward = turns * self.advance
        seen = (self.phases or ((self.start, self.start + self.size - 1),))[phase]
        return None if seen is None else (seen[0] + forward, seen[1] + forward)

    @property
    def advance(self) -> int:
        """Input pixels between a field and the one a period later."""
        return self.jump.numerator * self.period // self.jump.denominator

    def through(self, taps: Callable[[int], Iterable[int]], out_step: int, in_step: int) -> ReceptiveField:
        """The field after a layer.

        Args:
            taps: The positions before the layer that position `u` after it looks at; nothing for a gap.
            out_step: Positions after the layer until its taps repeat ...
            in_step: ... that many positions further on.

        Example:
            >>> pooled = ReceptiveField().through(lambda u: range(2 * u, 2 * u + 2), 1, 2)
            >>> pooled
            ReceptiveField(size=2, jump=2, start=0)
            >>> pooled.through(lambda u: [u // 2], 2, 1)  # and enlarged again
            ReceptiveField(size=2, jump=Fraction(1, 1), start=0)
        """
        turns = self.period // math.gcd(self.period, in_step) if in_step else 1
        phases = [_hull(self.span(tap) for tap in taps(position)) for position in range(out_step * turns)]
        return field_of(phases, turns * in_step // self.period * self.advance if in_step else 0)

    def after(self, layer: Layer) -> ReceptiveField:
        """The field after one more layer of a list."""
        if isinstance(layer, TransposedLayer):
            return self.through(layer.taps, layer.stride, 1)
        return self.through(layer.taps, 1, layer.stride)

    def united(self, other: ReceptiveField) -> ReceptiveField | None:
        """What is seen through two branches that are added or concatenated.

        None where the branches do not stay beside each other: one has another jump.
        """
        if self.jump != other.jump:
            return None
        period = math.lcm(self.period, other.period)
        phases = [_hull((self.span(position), other.span(position))) for position in range(period)]
        return field_of(phases, int(self.jump * period))


def field_of(phases: list[Span], advance: int) -> ReceptiveField:
    """A field from what the positions of one period see, `advance` being the pixels from one period to the next."""
    for period in range(1, len(phases)):  # the shortest period that tells the same
        turns = len(phases) // period
        if len(phases) % period == 0 and advance % turns == 0:
            step = advance // turns
            if all(phases[i + period] == _moved(phases[i], step) for i in range(len(phases) - period)):
                phases, advance = phases[:period], step
                break
    seen = [span for span in phases if span is not None]
    start = seen[0][0] if seen else 0
    size = max(map(_width, phases))
    if len(phases) == 1:
        return ReceptiveField(size, advance, start)
    return ReceptiveField(size, Fraction(advance, len(phases)), start, tuple(phases))


def _width(span: Span) -> int:
    return 0 if span is None else span[1] - span[0] + 1


def _moved(span: Span, pixels: int) -> Span:
    return None if span is None else (span[0] + pixels, span[1] + pixels)


def _hull(spans: Iterable[Span]) -> Span:
    seen = [span for span in spans if span is not None]
    return (min(first for first, _ in seen), max(last for _, last in seen)) if seen else None


@dataclass(frozen=True, slots=True)
class Step:
    """One layer's part in the growth of a receptive field.

    Example:
        >>> [str(step) for step in receptive_field_steps([Layer(5), Layer(2, stride=2), Layer(5)])]
        ['1 + (5 - 1)*1 = 5', '5 + (2 - 1)*1 = 6', '6 + (5 - 1)*2 = 14']
    """

    layer: Layer
    before: ReceptiveField
    after: ReceptiveField

    def __str__(self) -> str:
        if isinstance(self.layer, TransposedLayer) or self.before.phases or self.after.phases:
            return f"{self.before.size} -> {self.after.size} at most, jump {self.after.jump}"
        dilation = f"{self.layer.dilation}*" if self.layer.dilation > 1 else ""
        grown = f"{dilation}({self.layer.kernel_size} - 1)*{self.before.jump}"
        return f"{self.before.size} + {grown} = {self.after.size}"


def receptive_field_steps(layers: Iterable[Layer]) -> list[Step]:
    """Follow the receptive field through the layers, from the input on, one step a layer.

        size'  = size + dilation*(kernel_size - 1)*jump
        start' = start - padding*jump
        jump'  = jump*stride

    The window is scaled by the jump *before* its own layer: a layer's stride
    spreads the windows of the layers after it, not its own taps.  A
    `TransposedLayer` divides the jump by its stride; from there on the field is
    followed position by position, over one period.

    Source:
        Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
        Neural Networks", Distill 2019, doi:10.23915/distill.00021.
    """
    field = ReceptiveField()
    steps = []
    for layer in layers:
        after = field.after(layer)
        steps.append(Step(layer, field, after))
        field = after
    return steps


def receptive_field(layers: Iterable[Layer]) -> ReceptiveField:
    """Find what one output position of a stack of layers sees of the input; no layer sees one pixel.

    Example:
        >>> receptive_field([Layer(5), Layer(2, stride=2), Layer(5)])
        ReceptiveField(size=14, jump=2, start=0)
    """
    steps = receptive_field_steps(layers)
    return steps[-1].after if steps else ReceptiveField()
