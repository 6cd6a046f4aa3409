"""How numbers, fields of view and sources are written in the catalogue."""

from __future__ import annotations

from reference.facts import Fact
from reference.geometry import ReceptiveField
from reference.geometry.row import Fields
from reference.systems.measure import Compared, Measured
from reference.systems.system import Net, Place, Result


def rounded(number: int) -> str:
    """A large number with three digits.

    Example:
        >>> [rounded(number) for number in (9760, 60965224, 15470264320)]
        ['9.76 k', '61.0 M', '15.5 G']
        >>> rounded(0)
        '-'
    """
    for power, unit in ((9, " G"), (6, " M"), (3, " k")):
        if number >= 10**power:
            return f"{number / 10**power:#.3g}".rstrip(".") + unit
    return str(number or "-")


def view_text(fields: Fields | None) -> str:
    """A field of view in pixels.

    Example:
        >>> view_text((ReceptiveField(212, 32, -90), ReceptiveField(212, 32, -90)))
        '212'
    """
    if fields is None:
        return "-"
    down, right = map(_size, fields)
    return down if down == right else f"{down} x {right}"


def _size(field: ReceptiveField) -> str:
    if field.jump == 0:
        return "all"
    least, most = field.sizes[0], field.sizes[-1]
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def view_label(net: Net) -> str:
    """Where the field of view is taken."""
    return "output" if net.view is None else net.view.label


def input_text(net: Net) -> str:
    """The shape of the first input, without the batch.

    Example:
        >>> from reference.systems import find_system
        >>> input_text(find_system("AlexNet").nets[0])
        '3 x 227 x 227'
    """
    return " x ".join(map(str, net.parts[0].inputs[0][1:]))


def quantity_text(quantity: str, place: Place | None) -> str:
    """What is compared, and where."""
    words = {"field": "field of view", "least field": "least field of view", "side": "side of the output"}.get(
        quantity, quantity
    )
    where = "of" if quantity in ("parameters", "numbers") else "at"
    return f"{words} {where} {place.label}" if place else words


def published_text(fact: Fact) -> str:
    """A published number, and how far it was rounded."""
    return f"{fact.value:,}" + (f" ± {fact.within:,}" if fact.within else "")


def verdict(compared: Compared) -> str:
    """Whether ours is the published number, and why if it is not."""
    return "agrees" if compared.agrees else f"other: {compared.comparison.why}"


def result_text(result: Result) -> str:
    """A headline with its source."""
    source = f"{result.source}, from memory" if result.from_memory else result.source
    return f"{result.what} ({source})"


def main_net(measured: tuple[Measured, ...]) -> tuple[str, str, str]:
    """Parameters, work and field of view of a system's first net, for the overview."""
    first = measured[0]
    return rounded(first.parameters), rounded(first.macs), view_text(first.fields)
