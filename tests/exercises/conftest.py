"""What the tests of answers by hand share: hand in a sheet, read its report."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from grader.exercise import Course, load_course
from grader.grade import grade
from grader.intake.read import read_submission
from grader.model import ExerciseReport, Outcome, Verdict


@dataclass(frozen=True)
class Graded:
    """The report of one exercise, by the names of its checks."""

    report: ExerciseReport

    def __getitem__(self, check: str) -> Outcome:
        return next(outcome for outcome in self.report.outcomes if outcome.check == check)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        return {outcome.check: outcome.verdict for outcome in self.report.outcomes}

    @property
    def diagnosis(self) -> str | None:
        return self.report.diagnosis.mistake if self.report.diagnosis else None

    @property
    def remarks(self) -> str:
        return "\n".join(map(str, self.report.remarks))

    def text(self, check: str) -> str:
        """Summary and evidence of a check as a student reads them."""
        outcome = self[check]
        return "\n".join([str(outcome.summary or ""), *(f"{e.label.value}: {e.text}" for e in outcome.evidence)])


@pytest.fixture(scope="session")
def course() -> Course:
    return load_course()


@pytest.fixture
def hand_in(tmp_path, course):
    """Write answers.md (text or bytes, with grade.toml for a student) and grade one exercise."""

    def hand_in(exercise: str, sheet: str | bytes, *, student: str | None = None, course: Course = course) -> Graded:
        folder = tmp_path / "submission"
        folder.mkdir(exist_ok=True)
        (folder / "answers.md").write_bytes(sheet.encode() if isinstance(sheet, str) else sheet)
        if student is not None:
            (folder / "grade.toml").write_text(f'student = "{student}"\n', encoding="utf-8")
        report = grade(read_submission(folder), course, only=[exercise])
        return Graded(report.exercises[0])

    return hand_in
