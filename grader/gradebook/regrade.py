"""What a changed exercise would do to the marks: planned first, applied only as planned.

The plan is made of results that are kept but count for nobody.  Its digest covers whose marks change and how, so
what is applied is what was shown.  Marks by hand stay; a mark is lowered only where that is allowed by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.errors import GraderError
from grader.gradebook import review
from grader.gradebook.book import Gradebook
from grader.gradebook.table import Cell, CheckMark, Recount
from grader.message import Message, msg, verbatim
from grader.model import ExerciseReport, Points, Verdict
from grader.receipt import digest

PLAN_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One student's exercise before and after, with the marks by hand; why, check by check."""

    recount: Recount
    versions: tuple[int, int]
    old: Points
    new: Points
    by_hand: int | None
    evidence: tuple[Message, ...]

    @property
    def is_drop(self) -> bool:
        """Whether earned points go away, be it that they are open again."""
        return self.new.earned < self.old.earned

    @property
    def has_other_points(self) -> bool:
        """Whether anything of the points is different."""
        return self.new != self.old

    def to_json(self) -> dict[str, Any]:
        """The change as JSON data."""
        return {
            "student": self.recount.person,
            "exercise": self.recount.exercise,
            "submission": self.recount.digest,
            "keys": [self.recount.old_key, self.recount.new_key],
            "versions": list(self.versions),
            "old": self.old.to_json(),
            "new": self.new.to_json(),
            "delta": self.new.earned - self.old.earned,
            "by_hand": self.by_hand,
            "evidence": [line.to_json() for line in self.evidence],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes, those of points first; and who cannot be graded again, with the reason."""

    changes: tuple[Change, ...]
    ungradable: tuple[Message, ...]

    @property
    def shown(self) -> tuple[Change, ...]:
        """The changes of points."""
        return tuple(change for change in self.changes if change.has_other_points)

    @property
    def drops(self) -> tuple[Change, ...]:
        """The changes that take points away."""
        return tuple(change for change in self.changes if change.is_drop)

    @property
    def digest(self) -> str:
        """Sha256 over the changes; who gives it has seen them."""
        return digest([change.to_json() for change in self.changes])

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON data, described in docs/gradebook.md."""
        return {
            "format": PLAN_FORMAT,
            "digest": self.digest,
            "changed": [change.to_json() for change in self.shown],
            "unchanged": len(self.changes) - len(self.shown),
            "drops": [change.recount.person for change in self.drops],
            "by_hand_kept": sum(change.by_hand is not None for change in self.changes),
            "ungradable": [reason.to_json() for reason in self.ungradable],
        }


def outdated(book: Gradebook, keys: Mapping[str, str]) -> dict[str, set[str]]:
    """By content the exercises whose result under the present key is not kept yet: what is to be graded again."""
    found: dict[str, set[str]] = {}
    for content, cell in _standing(book):
        key = keys.get(cell.exercise)
        if key is not None and key != cell.key and book.graded(content, cell.exercise, key) is None:
            found.setdefault(content, set()).add(cell.exercise)
    return found


def _standing(book: Gradebook) -> Iterator[tuple[str, Cell]]:
    for row in book.table():
        for cell in row.cells.values():
            if row.submission is not None:
                yield row.submission.digest, cell


def plan(book: Gradebook, keys: Mapping[str, str], reasons: Mapping[str, Message] | None = None) -> Plan:
    """What would change if the results under the present keys counted.

    Args:
        keys: The present key of each exercise that is to be graded again.
        reasons: By content why grading it again gave no result, where that was tried.
    """
    changes: list[Change] = []
    ungradable: list[Message] = []
    for row in book.table():
        for cell in row.cells.values():
            key = keys.get(cell.exercise)
            if row.submission is None or key is None or key == cell.key:
                continue
            part = book.graded(row.submission.digest, cell.exercise, key)
            if part is None:
                reason = (reasons or {}).get(row.submission.digest) or msg(
                    "there is no result with the exercise as it is now; give the submission among the sources"
                )
                ungradable.append(
                    msg(
                        "{student}, {exercise}: {problem}",
                        student=row.person.id,
                        exercise=cell.exercise,
                        problem=reason,
                    )
                )
            else:
                recount = Recount(row.person.id, cell.exercise, row.submission.digest, cell.key, key)
                changes.append(_change(recount, cell, part))
    changes.sort(key=lambda change: (not change.has_other_points, change.recount.exercise, change.recount.person))
    return Plan(tuple(changes), tuple(ungradable))


def _change(recount: Recount, cell: Cell, part: ExerciseReport) -> Change:
    marks = [CheckMark(outcome.check, outcome.verdict, outcome.possible) for outcome in part.outcomes]
    new = review.cell(cell.exercise, part.version, recount.new_key, marks, recount.digest, cell.given)
    evidence = (*_evidence(cell, part), *(problem for problem in new.problems if problem not in cell.problems))
    return Change(recount, (cell.version, part.version), cell.points, new.points, new.reviewed, evidence)


def _evidence(cell: Cell, part: ExerciseReport) -> Iterator[Message]:
    """Each check that is not as it was, and what its new outcome says."""
    before = {mark.check: mark for mark in cell.marks}
    for outcome in part.outcomes:
        mark = before.pop(outcome.check, None)
        if mark is not None and (mark.verdict, mark.possible) == (outcome.verdict, outcome.possible):
            continue
        was = verbatim(_worth(mark.verdict, mark.possible)) if mark else msg("not there")
        yield msg(
            "{check}: {was} -> {now}", check=outcome.check, was=was, now=_worth(outcome.verdict, outcome.possible)
        )
        if outcome.summary is not None:
            yield outcome.summary
        yield from (line.text for line in outcome.evidence)
    for mark in before.values():
        lost = _worth(mark.verdict, mark.possible)
        yield msg("{check}: {was} -> {now}", check=mark.check, was=lost, now=msg("not there"))


def _worth(verdict: Verdict, possible: int) -> str:
    return f"{verdict.value} ({possible})"


def apply(book: Gradebook, made: Plan, shown_digest: str, *, allow_drops: bool = False) -> None:
    """Let the new results count, all of them or none.

    Args:
        shown_digest: The digest of the plan that somebody has read.

    Raises:
        GraderError: The plan is another one by now, or it takes points away and that was not allowed.
        GradebookError: The gradebook has changed in between.
    """
    if made.digest != shown_digest:
        raise GraderError(
            msg(
                "the plan is another one by now ({digest}); read it with --dry-run, then apply that",
                digest=made.digest,
            )
        )
    if made.drops and not allow_drops:
        raise GraderError(
            msg(
                "it would lower {count} marks ({students}); give --allow-drops if that is meant",
                count=len(made.drops),
                students=", ".join(dict.fromkeys(change.recount.person for change in made.drops)),
            )
        )
    book.recount(change.recount for change in made.changes)
