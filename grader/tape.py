"""What Hypothesis drew for a check that passed, kept so that the next student's check need not draw it again.

With one seed Hypothesis gives every student the same examples until one fails.  So the examples of a run that passed
are a tape: a student who passes on each of them would pass under Hypothesis too, for a small part of the price.
Where an example fails, Hypothesis runs after all, and what the tape has asked is not asked again: the student's code
sees the same calls in the same order with and without a tape, and the report is the same, byte for byte.

A tape is kept only of a check that is a function of its arguments: one that draws inside its body, assumes, steers
the search with `target`, or changes its arguments, is always run by Hypothesis.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

MAX_BYTES = 8 * 2**20  # of one tape
Body = Callable[..., object]
TAPES = "__grade_tapes__"  # of a check's body: examples by seed, which go when the check goes


@dataclass(frozen=True, slots=True)
class Example:
    """What was drawn once, by the names of the check's arguments.

    Attributes:
        drawn: The values themselves, as the check got them.
        fingerprint: Tells whether anybody has changed them since.
    """

    drawn: Mapping[str, Any]
    fingerprint: bytes

    def play(self, body: Body, fixtures: Mapping[str, Any]) -> None:
        """Run the check's body, with the global random numbers that Hypothesis gives to every example."""
        from hypothesis.internal.entropy import deterministic_PRNG

        with deterministic_PRNG():
            body(**fixtures, **self.drawn)

    def is_like(self, drawn: Mapping[str, Any]) -> bool:
        """Whether these are the values that were drawn."""
        return _fingerprint(drawn) == self.fingerprint


def taped(body: Body, seed: str) -> tuple[Example, ...] | None:
    """The examples of a check under a seed, if a run of it has passed and nobody has changed them."""
    tapes = _tapes(body)
    examples = tapes.get(seed)
    if examples is None or all(example.is_like(example.drawn) for example in examples):
        return examples
    del tapes[seed]
    return None


@dataclass(slots=True)
class Recording:
    """The tape of one run, while it is made.

    Args:
        fixtures: Names of the arguments that are not drawn.
    """

    fixtures: frozenset[str]
    _examples: list[Example] = field(default_factory=list)
    _size: int = 0
    _is_whole: bool = True

    def run(self, body: Body, kwargs: Mapping[str, Any]) -> None:
        """Run the check's body on what Hypothesis drew for it, and write that down."""
        drawn = {name: value for name, value in kwargs.items() if name not in self.fixtures}
        before = _fingerprint(drawn) if self._is_whole else None
        place = _place()
        try:
            body(**kwargs)
        except BaseException:
            self._is_whole = False
            raise
        if before is None or _place() != place or _fingerprint(drawn) != before:
            self._is_whole = False
            return
        self._size += len(before)
        self._is_whole = self._size <= MAX_BYTES
        self._examples.append(Example(drawn, before))

    def keep(self, body: Body, seed: str) -> None:
        """Keep the tape of a run that has passed, if all of it can be played again."""
        if self._is_whole:
            _tapes(body)[seed] = tuple(self._examples)


@dataclass(slots=True)
class Replay:
    """Hypothesis's run after the tape's: begins with what the tape has asked, then goes on with the student.

    Args:
        passed: The examples that passed.
        failure: What the next one raised.
    """

    fixtures: frozenset[str]
    passed: Sequence[Example]
    failed: Example
    failure: BaseException
    _next: int = 0

    def run(self, body: Body, kwargs: Mapping[str, Any]) -> None:
        """Answer from the tape as long as Hypothesis draws what is on it, then run the check's body."""
        number, self._next = self._next, self._next + 1
        if number > len(self.passed):
            body(**kwargs)
            return
        example = self.failed if number == len(self.passed) else self.passed[number]
        if not example.is_like({name: value for name, value in kwargs.items() if name not in self.fixtures}):
            self._next = len(self.passed) + 1  # a check whose draws change from run to run: nothing is known of it
            body(**kwargs)
        elif example is self.failed:
            raise self.failure


def _tapes(body: Body) -> dict[str, tuple[Example, ...]]:
    found: dict[str, tuple[Example, ...]] = body.__dict__.setdefault(TAPES, {})
    return found


def _place() -> tuple[int, int, int]:
    """How far Hypothesis's current example has come: draws, targets, events."""
    from hypothesis.control import current_build_context

    data = current_build_context().data
    return len(data.nodes), len(data.target_observations), len(data.events)


def _fingerprint(drawn: Mapping[str, Any]) -> bytes | None:
    """Equal for equal values of equal types, down to the bits of a float; None for values that we cannot look into."""
    try:
        return b" ".join(_parts(dict(drawn)))
    except _Opaque:
        return None


class _Opaque(Exception):
    """A value of a kind that is not compared, as a function or an author's own class."""


def _parts(value: object) -> Iterator[bytes]:
    kind = type(value)
    yield kind.__qualname__.encode()
    if value is None or kind in (bool, int, str, bytes, float, complex, Fraction):
        yield repr(value).encode()  # of a float: exact
    elif isinstance(value, Enum):
        yield value.name.encode()
    elif kind in (list, tuple):
        yield str(len(value)).encode()  # type: ignore[arg-type]
        for item in value:  # type: ignore[attr-defined]
            yield from _parts(item)
    elif kind is dict:
        yield from _parts(list(value.items()))  # type: ignore[attr-defined]
    elif isinstance(value, (np.ndarray, np.generic)) and not value.dtype.hasobject:
        yield f"{value.dtype.str} {value.shape}".encode()
        yield value.tobytes()
    elif dataclasses.is_dataclass(value):
        for attribute in dataclasses.fields(value):
            yield from _parts(getattr(value, attribute.name))
    else:
        raise _Opaque
