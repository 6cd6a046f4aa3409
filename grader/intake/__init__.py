"""From what a student hands in to a `Submission`: reads folders and zips, never runs anything."""

from grader.intake.read import read_submission
from grader.intake.submission import Submission

__all__ = ["Submission", "read_submission"]
