"""Published numbers, each with its source: what the models and formulas are held against."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reference.errors import OptionError


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that somebody else printed.

    Args:
        value: The number.
        source: Who printed it and where, or of which printed table it is the sum.
        within: How far a true value may lie off, where the source rounded; 0 for exact numbers.
    """

    value: int
    source: str
    within: int = 0

    def agrees(self, number: int) -> bool:
        """Whether a computed number is the published one, as far as it was printed."""
        return abs(number - self.value) <= self.within


@cache
def load_facts() -> dict[str, Fact]:
    """Read `facts.toml`: all facts by name, "vgg16.receptive_field_pool5"."""
    tables = tomllib.loads(Path(__file__).with_name("facts.toml").read_text(encoding="utf-8"))
    return {f"{topic}.{name}": Fact(**entry) for topic, facts in tables.items() for name, entry in facts.items()}


def published(name: str) -> Fact:
    """Look up one fact.

    Raises:
        OptionError: There is none of that name.

    Example:
        >>> published("deconvnet.parameters").value
        252000000
    """
    facts = load_facts()
    if name not in facts:
        topic = name.partition(".")[0]
        near = [other for other in facts if other.startswith(f"{topic}.")] or sorted({n.split(".")[0] for n in facts})
        raise OptionError("name", "a fact of facts.toml", repr(name), f"there are {', '.join(near)}")
    return facts[name]
