"""What a gradebook says, as values: who, what was handed in, one cell for an exercise, one row for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from grader.message import Message
from grader.model import ExerciseReport, Points, Verdict


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who is enrolled."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One submission: the digest of its content, the name under which it came, when it came."""

    digest: str
    name: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an exercise for a content, and the key under which it is kept, as `exercise_key` gives it."""

    key: str
    report: ExerciseReport


@dataclass(frozen=True, slots=True)
class Review:
    """A mark by hand: the checks whose points it gives, how many, why, by whom and when."""

    person: str
    exercise: str
    digest: str
    checks: tuple[str, ...]
    points: int
    comment: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recount:
    """That another result is to count for a person's submission: by its key, in place of the one that counts now."""

    person: str
    exercise: str
    digest: str
    old_key: str
    new_key: str


@dataclass(frozen=True, slots=True)
class CheckMark:
    """What a check gave: its verdict and the points that it is worth."""

    check: str
    verdict: Verdict
    possible: int

    @property
    def points(self) -> Points:
        """All points for a pass, open ones for a verdict that is pending."""
        earned = self.possible if self.verdict is Verdict.PASS else 0
        return Points(earned, self.possible if self.verdict.is_pending else 0, self.possible)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a person has in one exercise; `points` hold the marks by hand already.

    Attributes:
        key: Of the result that counts, as `exercise_key` gives it.
        given: All marks by hand, the oldest first.
        reviews: Those that count.
        reopened: Checks whose mark by hand counts no more.
        is_earlier: Others have a mark of a later version of the exercise, or of what it rests on.
    """

    exercise: str
    version: int
    key: str
    marks: tuple[CheckMark, ...]
    points: Points
    given: tuple[Review, ...] = ()
    reviews: tuple[Review, ...] = ()
    reopened: frozenset[str] = frozenset()
    problems: tuple[Message, ...] = ()
    is_earlier: bool = False

    @property
    def automatic(self) -> Points:
        """The points without any mark by hand."""
        return Points.total(mark.points for mark in self.marks)

    @property
    def reviewed(self) -> int | None:
        """The points given by hand; None where nobody gave any."""
        return sum(review.points for review in self.reviews) if self.reviews else None


@dataclass(frozen=True)
class Row:
    """A person, the submission that counts, its cells by exercise, and what somebody should look at.

    No submission means that nothing was handed in; a submission without cells could not be graded.
    Neither is a zero.
    """

    person: Person
    submission: HandedIn | None = None
    cells: dict[str, Cell] = field(default_factory=dict)
    problems: tuple[Message, ...] = ()
    submissions: int = 0

    @property
    def is_graded(self) -> bool:
        """Whether there are marks at all."""
        return bool(self.cells)

    @cached_property
    def points(self) -> Points:
        """The sum over the exercises that were graded."""
        return Points.total(cell.points for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Table:
    """The whole gradebook: exercises in the order of the course, one row a person, remarks on all of it."""

    exercises: tuple[str, ...]
    rows: tuple[Row, ...]
    remarks: tuple[Message, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def possible(self, exercise: str) -> int:
        """The points that the exercise is worth; the most where versions differ."""
        return max((row.cells[exercise].points.possible for row in self.rows if exercise in row.cells), default=0)

    @property
    def total(self) -> int:
        """The points that everything is worth."""
        return sum(map(self.possible, self.exercises))
