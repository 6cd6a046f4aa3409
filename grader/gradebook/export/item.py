"""What a report's line is in a format of test results: a check, or the checks that a human marked together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.gradebook.export.order import Order
from grader.gradebook.table import Cell
from grader.message import msg
from grader.model import ExerciseReport, Outcome, Points, Verdict
from grader.report.word import LABELS


@dataclass(frozen=True, slots=True)
class Item:
    """A name, the sentence that it claims, its points, the verdict (None: by hand) and what is said about it."""

    name: str
    sentence: str
    points: Points
    verdict: Verdict | None
    text: str

    @property
    def is_passed(self) -> bool:
        """Whether all points are earned."""
        return self.points.earned == self.points.possible


def items(part: ExerciseReport, cell: Cell, order: Order) -> Iterator[Item]:
    """The checks of an exercise in their order; those that a human marked stand together where the first one stood.

    A mark by hand that counts no more leaves its checks open, as the table does.
    """
    by_hand = {check: review for review in cell.reviews for check in review.checks}
    sentences = {outcome.check: order.say(outcome.sentence) for outcome in part.outcomes}
    told = set()
    for outcome in part.outcomes:
        review = by_hand.get(outcome.check)
        if review is None:
            is_open = outcome.verdict.is_pending or outcome.check in cell.reopened
            earned, pending = (0, outcome.possible) if is_open else (outcome.earned, 0)
            points = Points(earned, pending, outcome.possible)
            yield Item(outcome.check, sentences[outcome.check], points, outcome.verdict, _text(outcome, order))
        elif review not in told:
            told.add(review)
            room = sum(other.possible for other in part.outcomes if other.check in review.checks)
            text = order.say(msg("marked by hand: {points} of {room} points", points=review.points, room=room))
            yield Item(
                ", ".join(review.checks),
                " ".join(sentences[check] for check in review.checks),
                Points(review.points, 0, room),
                None,
                f"{text}\n{review.comment}".strip(),
            )


def _text(outcome: Outcome, order: Order) -> str:
    lines = [order.say(outcome.summary)] if outcome.summary else []
    lines += [f"{order.say(LABELS[line.label])}: {order.say(line.text)}" for line in outcome.evidence]
    return "\n".join(lines)
