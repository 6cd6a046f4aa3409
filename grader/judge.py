"""What happened in a check, as an outcome: whose matter it is, one sentence, and the evidence."""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import Mapping
from typing import Any

from grader.compare.array import show
from grader.exercise import Check
from grader.expect import Mismatch, ReviewNeeded
from grader.field import UnansweredField, UnreadableField
from grader.hint import hint_for, returned
from grader.message import Message, msg, verbatim
from grader.model import Evidence, Label, Outcome, Verdict
from grader.property import CheckFailed, Unstable, run_check
from grader.sandbox.host import ErrorInfo, GuestLost, MissingName, StudentError, UnsendableValue
from grader.student import Call, Student

STAFF_LOG = logging.getLogger("grader.staff")
MAX_INPUT_CHARS = 2000
REFUSED = msg("An assert of yours refuses this input, which is one of those that the prompt names: compute its result.")


def judge(check: Check, fixtures: Mapping[str, Any], student: Student | None, seed: str) -> Outcome:
    """Run a check and name what came of it; never raises on anything that a submission can do."""
    try:
        run_check(check, fixtures, student, seed)
    except CheckFailed as failure:
        return _failed(check, failure.cause, failure.calls)
    except GuestLost as lost:
        calls = student.last_calls() if student is not None and lost.while_called else ()
        return outcome(check, Verdict(lost.reason), lost.message, *_called(calls[-1:]))
    except (UnansweredField, UnreadableField, ReviewNeeded) as event:
        return _unanswered(check, event)
    except Exception as error:
        return fault(check, error)
    return outcome(check, Verdict.PASS)


def outcome(check: Check, verdict: Verdict, summary: Message | None = None, *evidence: Evidence) -> Outcome:
    """An outcome of this check."""
    return Outcome(check.name, check.sentence, verdict, check.points, summary, evidence)


def fault(check: Check, error: BaseException) -> Outcome:
    """Our mistake: the points stay open, the traceback goes to the staff log under an id."""
    trace = "".join(traceback.format_exception(error))
    places = traceback.extract_tb(error.__traceback__)
    place = f"{places[-1].name}:{places[-1].lineno}" if places else ""
    number = hashlib.sha256(f"{check.name} {type(error).__name__} {place}".encode()).hexdigest()[:8]
    STAFF_LOG.error("fault %s in check %s\n%s", number, check.name, trace)
    summary = msg(
        "This is our mistake, not yours: your points are untouched. Please tell the course staff the number {number}.",
        number=number,
    )
    return outcome(check, Verdict.FAULT, summary, Evidence(Label.DETAIL, verbatim(type(error).__name__)))


def skipped(check: Check, before: str, verdict: Verdict) -> Outcome:
    """A check that was not run, because one that it depends on has not passed; it is pending where that one is."""
    own = verdict if verdict.is_pending else Verdict.SKIPPED
    return outcome(check, own, msg("Not run: the check {check} has to pass first.", check=before))


def unavailable(check: Check, names: str, where: Message) -> Outcome:
    """A check of a function that is in none of the files."""
    return outcome(check, Verdict.MISSING, msg("{names}: not found. {where}", names=names, where=where))


def _failed(check: Check, cause: Exception, calls: tuple[Call, ...]) -> Outcome:
    called = _called(calls)
    if isinstance(cause, Mismatch):
        return outcome(check, Verdict.FAIL, cause.summary, *called, *cause.evidence)
    if isinstance(cause, MissingName):
        name = calls[-1].name if calls else "?"
        return outcome(check, Verdict.MISSING, msg("{name} is not defined when the file is loaded.", name=name))
    if isinstance(cause, UnsendableValue):
        summary = msg(
            "The function must return numbers, lists or arrays; it returned {what}.", what=returned(str(cause))
        )
        return outcome(check, Verdict.FAIL, summary, *called)
    if isinstance(cause, Unstable):
        summary = msg(
            "The same input gave different answers: the function must depend on its arguments only, not on what it was "
            "called with before, on random numbers or on the time."
        )
        return outcome(check, Verdict.FAIL, summary, *called)
    if isinstance(cause, StudentError):
        return _raised(check, cause.info, called, calls[-1].name if calls else check.name)
    return fault(check, cause)


def _raised(check: Check, info: ErrorInfo, called: tuple[Evidence, ...], asked: str) -> Outcome:
    if info.unwritten:
        # The constructor of a network is `__init__` to Python, and the network's own name to its student.
        name = asked if info.function.startswith("__") else info.function or asked
        return outcome(check, Verdict.MISSING, msg("{name} is not written yet.", name=name))
    place = place_of(info)
    hint = hint_for(info) or (REFUSED if info.text.startswith("assert ") else None)
    hints = (Evidence(Label.HINT, hint),) if hint is not None else ()
    if info.memory:
        return outcome(check, Verdict.MEMORY, msg("Your code ran out of memory."), *called, *place, *hints)
    summary = msg("Your code raised {type}: {message}", type=info.type, message=info.message)
    return outcome(check, Verdict.ERROR, summary, *called, *place, *hints)


def place_of(info: ErrorInfo) -> tuple[Evidence, ...]:
    """The line of the student's file that raised, where it is known."""
    if not info.line:
        return ()
    text = msg("{file}, line {line}: {text}", file=info.file, line=info.line, text=info.text)
    return (Evidence(Label.LINE, text),)


def _called(calls: tuple[Call, ...]) -> tuple[Evidence, ...]:
    lines = []
    for call in calls[-3:]:
        parts = [show(value) for value in call.args] + [f"{key}={show(value)}" for key, value in call.kwargs.items()]
        text = f"{call.name}({', '.join(parts)})"
        lines.append(
            Evidence(Label.INPUT, verbatim(text if len(text) <= MAX_INPUT_CHARS else text[:MAX_INPUT_CHARS] + "…"))
        )
    return tuple(lines)


def _unanswered(check: Check, event: Exception) -> Outcome:
    if isinstance(event, ReviewNeeded):
        summary = msg("Stored for a human, who grades it with the rubric; nothing is lost.")
        notes = (Evidence(Label.DETAIL, note) for note in event.notes)
        return outcome(check, Verdict.NEEDS_REVIEW, summary, Evidence(Label.GOT, verbatim(event.excerpt)), *notes)
    if isinstance(event, UnreadableField):
        where = msg("{field}, line {line} of the answer sheet", field=event.key, line=event.line)
        if event.cell:
            where = msg("{field}, cell {cell}, line {line}", field=event.key, cell=event.cell, line=event.line)
        lines = [Evidence(Label.LINE, where)]
        if event.problem is not None:
            lines.append(Evidence(Label.WHERE, verbatim(event.problem.render_caret())))
            lines.append(Evidence(Label.EXPECTED, event.problem.accepted))
        summary = msg("This answer cannot be read, so it is not graded as wrong: {reason}", reason=event.reason)
        return outcome(check, Verdict.UNREADABLE, summary, *lines)
    key = event.key if isinstance(event, UnansweredField) else check.name
    return outcome(check, Verdict.MISSING, msg("Still empty: {field}.", field=key))
