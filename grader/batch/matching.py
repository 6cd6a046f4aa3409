"""Which submission is whose: submissions and roster brought together, and everything that does not fit said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.batch.roster import Roster, person_of
from grader.batch.source import Found
from grader.gradebook import Person
from grader.message import Message, msg

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """A submission to grade, and whose it is."""

    found: Found
    person: Person


@dataclass(frozen=True, slots=True)
class Matching:
    """What is to be graded, what is nobody's and why, who handed in nothing, what else should be known."""

    tasks: tuple[Task, ...]
    unmatched: tuple[tuple[Found, Message], ...] = ()
    missing: tuple[Person, ...] = ()
    remarks: tuple[Message, ...] = ()


def match(found: Iterable[Found], roster: Roster | None) -> Matching:
    """Bring submissions and roster together; without a roster everybody is who the names say."""
    tasks: list[Task] = []
    unmatched: list[tuple[Found, Message]] = []
    for one in found:
        clue = one.clue
        person = person_of(clue) if roster is None else roster.match(clue)
        if isinstance(person, Message):
            unmatched.append((one, person))
        else:
            tasks.append(Task(one, person))
    handed_in = {task.person.id for task in tasks}
    missing = () if roster is None else tuple(person for person in roster.people if person.id not in handed_in)
    remarks = (*(roster.remarks if roster else ()), *_several(tasks), *_late(tasks))
    return Matching(tuple(tasks), tuple(unmatched), missing, remarks)


def _several(tasks: Sequence[Task]) -> Iterable[Message]:
    """A remark for everyone with more than one submission; the gradebook takes the same one for the latest."""
    by_person: dict[str, list[Found]] = {}
    for task in tasks:
        by_person.setdefault(task.person.id, []).append(task.found)
    for person, found in by_person.items():
        if len(found) > 1:
            found.sort(key=lambda one: (one.received_at or NEVER, one.key))
            yield msg(
                "{person} has {count} submissions, all are kept; the latest counts: {latest}, before it came {others}",
                person=person,
                count=len(found),
                latest=found[-1].key,
                others=", ".join(one.key for one in found[:-1]),
            )


def _late(tasks: Sequence[Task]) -> Iterable[Message]:
    for task in tasks:
        if task.found.is_late:
            yield msg("{submission} came late, as its name says", submission=task.found.key)
