"""What a check may demand; each demand that is not met raises `Mismatch` with its evidence.

Type comes before shape, shape before dtype, dtype before values.  Nothing is
broadcast.  Exact data are compared with `==`; where an operation is inexact the
tolerance follows from dtype and number of terms, and is stated.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Never

import numpy as np

from grader.compare.array import Array, as_array, describe, difference, number_text, shape_text, show
from grader.errors import ExerciseError
from grader.message import Message, msg, verbatim
from grader.model import Evidence, Label

NOTHING = msg("Nothing was returned (None): is there a `return` at the end?")
EXACT_LIMIT = {"f": {2: 2**11, 4: 2**24, 8: 2**53}}


class Mismatch(Exception):
    """A demand is not met: one sentence, and the lines of evidence below it."""

    def __init__(self, summary: Message, *evidence: Evidence) -> None:
        super().__init__(str(summary))
        self.summary = summary
        self.evidence = evidence


class ReviewNeeded(Exception):
    """A human decides about this answer; `excerpt` is what the report shows of it, `notes` what helps to decide."""

    def __init__(self, excerpt: str, notes: tuple[Message, ...] = ()) -> None:
        super().__init__(excerpt)
        self.excerpt = excerpt
        self.notes = notes


def fail(summary: Message, *, hint: Message | None = None, **lines: Message | str) -> Never:
    """Fail the check with a sentence; further keywords are lines of evidence, by the names of `Label`.

    Raises:
        Mismatch: Always.
    """
    evidence = [
        Evidence(Label(name), line if isinstance(line, Message) else verbatim(line)) for name, line in lines.items()
    ]
    raise Mismatch(summary, *evidence, *_hint(hint))


def true(condition: bool, summary: Message, *, hint: Message | None = None, **lines: Message | str) -> None:
    """Demand that a condition holds; else fail with the sentence."""
    if not condition:
        fail(summary, hint=hint, **lines)


def review(text: str, *notes: Message) -> Never:
    """Hand an answer to a human: the check's points stay pending; the notes stand below the answer in the report."""
    raise ReviewNeeded(text, notes)


def array(got: object, *, shape: tuple[int, ...] | None = None, name: str = "y", hint: Message | None = None) -> Array:
    """Demand an array of numbers (of this shape) and return it as a plain array.

    A list of lists, a Python number for a 0-d array and a tuple that begins with
    the array are taken as what they mean.
    """
    plain = as_array(got)
    wanted = msg("an array of shape {shape}", shape=shape_text(shape)) if shape is not None else msg("an array")
    if plain is None:
        summary = NOTHING if got is None else msg("The result is not an array of numbers.")
        raise Mismatch(summary, _line(Label.EXPECTED, wanted), _line(Label.GOT, describe(got)), *_hint(hint))
    if shape is not None and plain.shape != shape:
        raise Mismatch(
            msg("The result has the wrong shape."),
            _line(Label.EXPECTED, f"{name}: {shape_text(shape)}"),
            _line(Label.GOT, f"{name}: {shape_text(plain.shape)}"),
            *_hint(hint),
        )
    return plain


def equal(got: object, wanted: Any, *, name: str = "y", hint: Message | None = None, by_hand: bool = False) -> None:
    """Demand the same shape and exactly the same numbers.

    Args:
        wanted: Integers that every float dtype in play represents exactly; else
            the author must use `close`.
        name: What the report calls the result.
        by_hand: The numbers were worked out by hand: a few wrong ones are called
            a slip, and elements are counted from 1, by row and column.
    """
    exact = _plain(wanted)
    plain = array(got, shape=exact.shape, name=name, hint=hint)
    _demand_exact(exact, plain, by_hand=by_hand)
    found = difference(plain, exact)
    if found is not None:
        lines = _difference_lines(found, exact, plain, name, by_hand=by_hand)
        raise Mismatch(_difference_summary(found), *lines, *_hint(hint))


def close(
    got: object,
    wanted: Any,
    *,
    terms: int,
    scale: float | None = None,
    name: str = "y",
    hint: Message | None = None,
) -> None:
    """Demand the same shape, and values within the rounding error of a sum of `terms` products.

    The tolerance is terms * eps * scale, with eps of the coarser dtype of the two
    and scale the largest magnitude that was wanted (at least 1) unless given.
    It bounds the error of any order of summation (Higham, "Accuracy and
    Stability of Numerical Algorithms", section 4.2, first order).
    """
    reference = _plain(wanted)
    plain = array(got, shape=reference.shape, name=name, hint=hint)
    coarse = max(float(np.finfo(part.dtype).eps) for part in (plain, reference) if part.dtype.kind == "f")
    largest = max(1.0, float(np.max(np.abs(reference), initial=0.0))) if scale is None else scale
    tolerance = terms * coarse * largest
    found = difference(plain, reference, tolerance)
    if found is not None:
        lines = _difference_lines(found, reference, plain, name, by_hand=False)
        stated = msg("{tolerance:.3g}, from {terms} terms of this dtype", tolerance=tolerance, terms=terms)
        raise Mismatch(_difference_summary(found), *lines, _line(Label.TOLERANCE, stated), *_hint(hint))


def unchanged(before: Any, after: Any, *, name: str) -> None:
    """Demand that an argument is as it was before the call."""
    left = as_array(after)
    if left is None or left.shape != before.shape or difference(left, before) is not None:
        raise Mismatch(
            msg("The function changed its argument {name} in place: work on a copy.", name=name),
            _line(Label.EXPECTED, show(before)),
            _line(Label.GOT, show(after) if left is not None else describe(after)),
        )


def number(got: object, wanted: int | Fraction, *, name: str, hint: Message | None = None) -> None:
    """Demand one exact number."""
    plain = as_array(got)
    value = plain.item() if plain is not None and plain.size == 1 else got
    is_number = isinstance(value, (int, float, Fraction)) and not isinstance(value, bool)
    if not is_number or value != wanted:
        shown = number_text(value) if is_number else describe(got)
        summary = msg("The number is not right.") if is_number else msg("The result is not a number.")
        raise Mismatch(
            NOTHING if got is None else summary,
            _line(Label.EXPECTED, f"{name} = {number_text(wanted)}"),
            _line(Label.GOT, f"{name} = {shown}"),
            *_hint(hint),
        )


def _plain(wanted: Any) -> Array:
    plain = as_array(np.asarray(wanted) if isinstance(wanted, np.generic) else wanted)
    if plain is None:
        raise ExerciseError(msg("wanted: expected an array of numbers, got {kind}", kind=describe(wanted)))
    return plain


def _demand_exact(wanted: Array, got: Array, *, by_hand: bool) -> None:
    """Refuse data for which `==` would be a matter of luck: that is the author's mistake, not the student's."""
    if by_hand or wanted.dtype.kind != "f" or not wanted.size:
        return
    sizes = [part.dtype.itemsize for part in (wanted, got) if part.dtype.kind == "f"]
    limit = EXACT_LIMIT["f"].get(min(sizes), 0)
    if not np.array_equal(wanted, np.rint(wanted)) or np.max(np.abs(wanted)) >= limit:
        raise ExerciseError(
            msg("expect.equal: expected integers below {limit}, which are exact; use expect.close here", limit=limit)
        )


def _difference_summary(found: Any) -> Message:
    if found.count == found.size:
        return msg("Every value differs from the right one.")
    return msg("{count} of {size} values differ.", count=found.count, size=found.size)


def _difference_lines(found: Any, wanted: Array, got: Array, name: str, *, by_hand: bool) -> list[Evidence]:
    if by_hand and len(found.index) == 2:
        place = msg("row {row}, column {column}", row=found.index[0] + 1, column=found.index[1] + 1)
    else:
        place = verbatim(f"{name}[{', '.join(map(str, found.index))}]" if found.index else name)
    lines = [
        _line(Label.EXPECTED, show(wanted)),
        _line(Label.GOT, show(got)),
        _line(
            Label.WHERE,
            msg(
                "first at {place}: expected {wanted}, got {got}",
                place=place,
                wanted=number_text(found.wanted),
                got=number_text(found.got),
            ),
        ),
    ]
    if by_hand and found.count <= max(1, found.size // 8) and found.size > 1:
        slip = msg("All other values are right: this looks like a slip in the arithmetic, not in the method.")
        lines.append(_line(Label.DETAIL, slip))
    return lines


def _line(label: Label, text: Message | str) -> Evidence:
    return Evidence(label, text if isinstance(text, Message) else verbatim(text))


def _hint(hint: Message | None) -> list[Evidence]:
    return [] if hint is None else [Evidence(Label.HINT, hint)]
