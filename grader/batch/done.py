"""What became of a submission: with its report when it is finished, and as the few words that a batch remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.batch.matching import Task
from grader.message import Message
from grader.model import Points, Report, Verdict

PASSED, REVIEW, PARTLY, WITHOUT = "passed", "review", "partly", "without"


@dataclass(frozen=True, slots=True)
class Done:
    """A submission that is finished: its report, or the reason why it has none in the gradebook.

    Attributes:
        is_ours: The reason is a fault of ours, or of this machine.
        was_known: Everything was looked up, nothing was run.
        earlier: Exercises in which a mark of an earlier version stands.
        remarks: What the instructor should know beside the result.
    """

    task: Task
    report: Report | None = None
    reason: Message | None = None
    is_ours: bool = False
    was_known: bool = False
    earlier: tuple[str, ...] = ()
    remarks: tuple[Message, ...] = ()

    @property
    def has_verdict(self) -> bool:
        """Whether the gradebook holds a result of it."""
        return self.reason is None

    @property
    def entry(self) -> Entry:
        """What a batch remembers of it."""
        report = self.report
        return Entry(
            task=self.task,
            state=self._state(),
            digest=report.submission if report is not None else None,
            points=report.points if report is not None else None,
            reason=self.reason,
            is_ours=self.is_ours or (report is not None and report.has_fault),
            was_known=self.was_known,
            earlier=self.earlier,
            remarks=self.remarks,
        )

    def _state(self) -> str:
        if self.report is None or not self.has_verdict:
            return WITHOUT
        verdicts = {outcome.verdict for part in self.report.exercises for outcome in part.outcomes}
        if verdicts <= {Verdict.PASS}:
            return PASSED
        return REVIEW if verdicts <= {Verdict.PASS, Verdict.NEEDS_REVIEW} else PARTLY


@dataclass(frozen=True, slots=True)
class Entry:
    """A line about a submission, without its report, which the gradebook has: thousands of them take no room.

    Attributes:
        state: Whether all passed, a human is waited for, something did not pass, or there is no result.
        digest: Of its content, where it could be read and graded.
        is_ours: There is a fault of ours, in the result or as the reason why there is none.
    """

    task: Task
    state: str
    digest: str | None
    points: Points | None
    reason: Message | None
    is_ours: bool
    was_known: bool
    earlier: tuple[str, ...]
    remarks: tuple[Message, ...]

    @property
    def has_verdict(self) -> bool:
        """Whether the gradebook holds a result of it."""
        return self.reason is None


Told = Callable[[Done], None]
