"""Claims in a table: what each row must say, and the sentence for each way to say it wrong.

    expect_claims(answers, "claims", {
        "fast_proposals": Choice("external", {"rpn": msg("The RPN comes with Faster R-CNN.")}),
        "anchors": Amount(9, hint=msg("3 scales times 3 ratios.")),
    })

Every row is judged by itself.  One wrong row fails the check; a row that cannot be
read is never counted as wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from grader.expect import Mismatch
from grader.field import UnansweredField, UnreadableField
from grader.message import Message, msg
from grader.model import Evidence, Label

if TYPE_CHECKING:
    from grader.answers.number import Number
    from grader.field import Answers


@dataclass(frozen=True, slots=True)
class Choice:
    """A row whose answer is one of several: the right one, and why each wrong one is wrong."""

    right: str
    wrong: Mapping[str, Message] = field(default_factory=dict)

    def problem(self, value: str) -> Message | None:
        """Why this answer is wrong, None where it is right."""
        return None if value == self.right else self.wrong[value]


@dataclass(frozen=True, slots=True)
class Amount:
    """A row whose answer is a number between `low` and `high`; a range must lie between them.

    `traps` are well-known other numbers with their own sentences, `unit` is a factor
    that may be left out (10**6 where the answer is a number of millions).  `also` are
    other right numbers, `units` what a written unit is worth ({"ms": Fraction(1, 1000)}).
    """

    low: int | Fraction
    high: int | Fraction | None = None
    hint: Message | None = None
    traps: Mapping[int | Fraction, Message] = field(default_factory=dict)
    unit: int = 1
    also: Collection[int | Fraction] = ()
    units: Mapping[str, Fraction] = field(default_factory=dict)

    def problem(self, value: Number) -> Message | None:
        """Why this answer is wrong, None where it is right."""
        worth = self.units.get(value.unit, 1)
        ends = [end * worth for end in ([prod(value.sides)] if value.high is None else [value.sides[0], value.high])]
        top = self.low if self.high is None else self.high
        for factor in {1, self.unit}:
            if all(self.low <= end * factor <= top or end * factor in self.also for end in ends):
                return None
        for trap, sentence in self.traps.items():
            if any(end * factor == trap for end in ends for factor in {1, self.unit}):
                return sentence
        return self.hint or msg("The number is not right.")


@dataclass(frozen=True, slots=True)
class Size:
    """A row whose answer is a size, such as 7 x 7 x 512, in any order; the first `leading` sides alone will do."""

    sides: tuple[int, ...]
    hint: Message
    leading: int = 2

    def problem(self, value: Number) -> Message | None:
        """Why this answer is wrong, None where it is right."""
        got = sorted(value.sides)
        allowed = (sorted(self.sides), sorted(self.sides[: self.leading]))
        return None if value.high is None and got in allowed else self.hint


Claim = Choice | Amount | Size


def expect_claims(answers: Answers, key: str, rows: Mapping[str, Claim], *, optional: Collection[str] = ()) -> None:
    """Demand that rows of a table say what they must.

    Args:
        optional: Rows that may be left empty; what is written there counts.

    Raises:
        Mismatch: Rows are wrong: all of them, each with its sentence.
        UnansweredField: None is wrong, but one that is not optional is empty.
        UnreadableField: None is wrong or empty, but one cannot be read.
    """
    evidence: list[Evidence] = []
    empty: list[UnansweredField] = []
    unreadable: list[UnreadableField] = []
    for row, claim in rows.items():
        try:
            value: Any = answers.row(key, row)
        except UnansweredField as event:
            if row not in optional:
                empty.append(event)
        except UnreadableField as event:
            unreadable.append(event)
        else:
            sentence = claim.problem(value)
            if sentence is not None:
                evidence += _lines(answers, key, row, sentence)
    if evidence:
        count = len(evidence) // 2
        raise Mismatch(
            msg("{count} of {rows} claims are wrong.", count=count, rows=len(rows))
            if count > 1
            else msg("One of {rows} claims is wrong.", rows=len(rows)),
            *evidence,
        )
    if empty or unreadable:
        raise [*empty, *unreadable][0]


def claim_values(
    answers: Answers, key: str, rows: Mapping[str, Claim], *, optional: Collection[str] = ()
) -> dict[str, str]:
    """What a probe of these rows returns: "right", or the sentence that says what is wrong; optional ones only if wrong.

    Raises:
        UnansweredField, UnreadableField: A row is empty or cannot be read: nothing is known about this submission.
    """
    values = {}
    for row, claim in rows.items():
        try:
            sentence = claim.problem(answers.row(key, row))
        except UnansweredField:
            if row in optional:
                continue
            raise
        if sentence is not None or row not in optional:
            values[row] = "right" if sentence is None else str(sentence)
    return values


def _lines(answers: Answers, key: str, row: str, sentence: Message) -> list[Evidence]:
    got = msg("{row}: {answer}", row=row, answer=answers.read(key).value[row].message)
    return [Evidence(Label.GOT, got), Evidence(Label.DETAIL, sentence)]
