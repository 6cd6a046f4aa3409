"""One system of the lecture as `systems.toml` describes it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reference.errors import OptionError
from reference.facts import Fact, published

QUANTITIES = (
    *("parameters", "parameters with batch norm", "numbers", "MACs", "activations"),
    *("field", "least field", "jump", "padding", "side"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """A headline of the paper.

    Args:
        value: As printed, with its unit.
        what: Data set and measure.
        source: Who printed it.
        from_memory: Whether the print was not at hand when it was written down here.
    """

    value: str
    what: str
    source: str
    from_memory: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a survey.

    Args:
        name: Of the layer; None is any.
        operation: As the survey calls it; None is any.
        nth: Which of the rows that fit, from 0; -1 is the last.
        label: What the paper calls it.
    """

    label: str
    name: str | None = None
    operation: str | None = None
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published number and where to measure ours.

    Args:
        quantity: One of `QUANTITIES`.
        fact: Name of the number in `facts.toml`.
        place: For fields, jumps, paddings and sides a row of the survey, None being the output; for parameters a
            module, None being the net; for numbers a name of tensors, learned or not.
        why: Why ours is another number, where it is.
    """

    quantity: str
    fact: str
    place: Place | None = None
    why: str = ""

    @property
    def published(self) -> Fact:
        """The number and its source."""
        return published(self.fact)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a net that is surveyed by itself, because what lies between the parts depends on numbers.

    Args:
        module: Qualified name of the module; "" is the net itself.
        inputs: What it is called with: shapes; a table with `shape` is a tensor of integers.
    """

    module: str
    inputs: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Net:
    """One net of a system, with the options that make it the paper's.

    Args:
        name: Which variant.
        model: Class in `reference.models`.
        options: Its arguments.
        parts: What is surveyed, one after the other; their work is added up.
        view: The place whose field of view is shown; None is the output of the first part.
        comparisons: Published numbers beside ours.
    """

    name: str
    model: str
    options: dict[str, Any]
    parts: tuple[Part, ...]
    view: Place | None
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class System:
    """One system of the lecture.

    Args:
        name: As the lecture calls it.
        year: Of the paper.
        task: What it is for.
        paper: Authors, title, where.
        distinctive: What is new or unusual in it, a sentence each.
        classes: The classes in `reference.models` that belong to it.
        nets: Its variants that are measured.
        results: Headlines.
        deviations: Where ours differs from the paper, or the paper from itself.
    """

    name: str
    year: int
    task: str
    paper: str
    distinctive: tuple[str, ...]
    classes: tuple[str, ...]
    nets: tuple[Net, ...]
    results: tuple[Result, ...]
    deviations: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The name in a link to its section."""
        kept = "".join(letter for letter in self.name.lower() if letter.isalnum() or letter in " -")
        return kept.replace(" ", "-")


@cache
def load_systems() -> tuple[System, ...]:
    """Read `systems.toml`: all systems in the order of the lecture."""
    return tuple(_system(table) for table in _tables()["system"])


def shared_classes() -> tuple[str, ...]:
    """Model classes that several systems are built from."""
    return tuple(_tables()["shared"])


def find_system(name: str) -> System:
    """Look up a system; capitals and everything but letters and digits do not matter.

    Raises:
        OptionError: There is none of that name.

    Example:
        >>> find_system("vgg16").name
        'VGG-16'
    """
    systems = load_systems()
    for system in systems:
        if _bare(system.name) == _bare(name):
            return system
    near = [system.name for system in systems if _bare(name) and _bare(name) in _bare(system.name)]
    names = ", ".join(near or [system.name for system in systems])
    raise OptionError("name", "a system of the lecture", repr(name), f"there are {names}")


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("systems.toml").read_text(encoding="utf-8"))


def _system(table: dict[str, Any]) -> System:
    return System(
        name=table["name"],
        year=table["year"],
        task=table["task"],
        paper=table["paper"],
        distinctive=tuple(table["distinctive"]),
        classes=tuple(table["classes"]),
        nets=tuple(_net(net) for net in table.get("net", ())),
        results=tuple(Result(**result) for result in table.get("results", ())),
        deviations=tuple(table.get("deviations", ())),
    )


def _net(table: dict[str, Any]) -> Net:
    whole = {"module": "", "inputs": table.get("inputs")}
    return Net(
        name=table["name"],
        model=table["model"],
        options=table.get("options", {}),
        parts=tuple(Part(part["module"], tuple(part["inputs"])) for part in table.get("parts", [whole])),
        view=_place(table.get("view")),
        comparisons=tuple(
            Comparison(**{**comparison, "place": _place(comparison.get("place"))})
            for comparison in table.get("comparisons", ())
        ),
    )


def _place(table: dict[str, Any] | None) -> Place | None:
    return None if table is None else Place(**table)
