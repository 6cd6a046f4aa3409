"""Small reports made by hand: two exercises, one with an essay."""

from grader.gradebook import HandedIn, Person
from grader.gradebook.table import Recount
from grader.message import Message, msg
from grader.model import Evidence, ExerciseReport, Label, Outcome, Report, Verdict

WANG = Person("2024001", "王小明", "wang@example.edu")
LI = Person("2024002", "Li, Ana", "li@example.edu")
KEYS = {"conv2d": "key of conv2d", "essay": "key of essay"}


def outcome(check, verdict, possible, summary=None):
    evidence = (Evidence(Label.GOT, msg("{count} of 9 values", count=4)),) if verdict is Verdict.FAIL else ()
    return Outcome(check, Message(f"The claim {check} holds."), verdict, possible, summary, evidence)


def conv2d(identity=Verdict.PASS, strides=Verdict.FAIL, version=1):
    checks = (outcome("identity", identity, 2), outcome("strides", strides, 3))
    return ExerciseReport("conv2d", version, Message("conv2d: write it"), checks, isolation="bubblewrap")


def essay(named=Verdict.PASS, free=Verdict.NEEDS_REVIEW, version=1, worth=4):
    checks = (outcome("named", named, 1), outcome("free", free, worth))
    return ExerciseReport("essay", version, Message("essay: {write} it"), checks)


def report(digest="d1", exercises=None, not_graded=()):
    parts = (conv2d(), essay()) if exercises is None else exercises
    return Report("A course", None, digest, "seed", "cpu", tuple(parts), isolation="bubblewrap", not_graded=not_graded)


def handed_in(digest="d1", name="wang.zip", received_at=None):
    return HandedIn(digest, name, received_at)


def regrade(book, person, renewed, keys):
    """Let these results count for a person's submission, as `grade regrade --apply` does."""
    cells = next(row for row in book.table() if row.person.id == person.id).cells
    book.keep(renewed, keys)
    changed = [part.exercise for part in renewed.exercises if cells[part.exercise].key != keys[part.exercise]]
    book.recount(Recount(person.id, name, renewed.submission, cells[name].key, keys[name]) for name in changed)
