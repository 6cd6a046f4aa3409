"""The errors of the grader's callers: students at the command line, authors of exercises.

    GraderError           one sentence: what was expected, what was found, what to do next
    +-- SubmissionError   a path that cannot be graded at all
    |   +-- EmptySubmissionError   there is nothing in it
    +-- ExerciseError     an exercise or course that is not written as docs/exercise.md says
    |   +-- UnknownExerciseError   a course has none of that name
    +-- RecordError       the local record cannot be read or written
    +-- GradebookError    the gradebook cannot be read or written
        +-- NoGradebookError   there is none where it was looked for

What goes wrong inside one exercise is no exception but a verdict.
"""

from __future__ import annotations

from grader.message import Message


class GraderError(Exception):
    """A sentence for the caller; `message` is what a renderer shows in the caller's language."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


class SubmissionError(GraderError):
    """The submission as a whole cannot be graded."""


class EmptySubmissionError(SubmissionError):
    """There is nothing that could be graded."""


class ExerciseError(GraderError):
    """An exercise or a course is not written as it must be."""


class UnknownExerciseError(ExerciseError):
    """A name is not that of an exercise; whoever typed it can do better."""


class RecordError(GraderError):
    """The local record of reports cannot be read or written."""


class GradebookError(GraderError):
    """The gradebook cannot be read or written."""


class NoGradebookError(GradebookError):
    """There is no gradebook where one was looked for."""
