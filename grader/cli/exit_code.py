"""The exit codes of `grade`; docs/command.md lists them for users."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grader.batch.done import Entry
    from grader.model import Report


class ExitCode(IntEnum):
    """What the program tells the shell."""

    PASSED = 0  # every graded check has passed; what a human reads may be open
    NOT_PASSED = 1  # graded, and something is left to do
    USAGE = 2  # the command line is not right, or a file that it names
    UNGRADABLE = 3  # there is a submission, and it cannot be read
    FAULT = 4  # ours: an exercise, the grader or this machine
    NOTHING = 5  # there is nothing to grade
    INTERRUPTED = 130  # Ctrl-C
    TERMINATED = 143  # asked to end


def of_report(report: Report) -> ExitCode:
    """The exit code of a report; points that a human gives keep nothing from passing."""
    from grader.model import Verdict

    verdicts = {outcome.verdict for part in report.exercises for outcome in part.outcomes}
    if not verdicts:
        return ExitCode.NOTHING
    if Verdict.FAULT in verdicts:
        return ExitCode.FAULT
    return ExitCode.PASSED if verdicts <= {Verdict.PASS, Verdict.NEEDS_REVIEW} else ExitCode.NOT_PASSED


def of_batch(finished: Iterable[Entry], unmatched: int) -> ExitCode:
    """The exit code of a batch: whether every submission got a verdict; points do not matter."""
    done = list(finished)
    if not done and not unmatched:
        return ExitCode.NOTHING
    if any(one.is_ours for one in done):
        return ExitCode.FAULT
    return ExitCode.NOT_PASSED if unmatched or not all(one.has_verdict for one in done) else ExitCode.PASSED
