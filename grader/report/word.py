"""What verdicts and labels are called in a report, and what becomes of open points."""

from __future__ import annotations

from grader.message import Message, msg
from grader.model import Label, Points, Verdict

VERDICTS = {
    Verdict.PASS: msg("PASS"),
    Verdict.FAIL: msg("FAIL"),
    Verdict.ERROR: msg("ERROR"),
    Verdict.MISSING: msg("MISSING"),
    Verdict.TIMEOUT: msg("TIMEOUT"),
    Verdict.MEMORY: msg("MEMORY"),
    Verdict.UNREADABLE: msg("UNREADABLE"),
    Verdict.SKIPPED: msg("SKIPPED"),
    Verdict.NEEDS_REVIEW: msg("REVIEW"),
    Verdict.FAULT: msg("FAULT"),
}

LABELS = {
    Label.EXPECTED: msg("expected"),
    Label.GOT: msg("got"),
    Label.WHERE: msg("where"),
    Label.INPUT: msg("input"),
    Label.LINE: msg("line"),
    Label.TOLERANCE: msg("tolerance"),
    Label.DETAIL: msg("detail"),
    Label.HINT: msg("hint"),
}

OPEN = {
    Verdict.UNREADABLE: msg(
        "UNREADABLE: an answer stands there, but it cannot be read. Write it as the lines above ask, then submit again."
    ),
    Verdict.NEEDS_REVIEW: msg("REVIEW: a human reads this answer and gives its points."),
    Verdict.FAULT: msg("FAULT: our mistake. The course staff repairs it; you need not change anything."),
}


def points_text(points: Points) -> Message:
    """The points as a phrase; open ones are named, because they are neither earned nor lost."""
    if points.pending:
        return msg(
            "{earned} of {possible} points, {pending} still open",
            earned=points.earned,
            possible=points.possible,
            pending=points.pending,
        )
    return msg("{earned} of {possible} points", earned=points.earned, possible=points.possible)
