"""An exercise proves itself: its own submissions are graded, and its checks must tell them apart.

accepted     get full points (what a human gives may be pending)
wrong        each fails exactly the checks that it names, skipped ones aside
every check  is failed by at least one wrong submission
starter      gets zero, without a fault of ours
probes       no two wrong submissions agree on all of them
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from grader.diagnose import Specimen, agree, specimen_answers, specimen_sheet, specimens
from grader.errors import ExerciseError
from grader.exercise import Course, Exercise
from grader.field import Answers, Located
from grader.grade import grade, personal_texts
from grader.intake.submission import SHEET_FILE, STUDENT_FILE, Submission
from grader.message import Message, msg
from grader.model import ExerciseReport, Verdict
from grader.sandbox.launch import Launcher

SPECIMEN_STUDENT = "verify"  # the id whose personal values a Python specimen with fields is given
KNOWN_FILES = frozenset(
    {"exercise.toml", "checks.py", "personal.py", "starter.py", "starter.md", "submissions", "__pycache__"}
    | {f"{name}.{language}.md" for name in ("prompt", "rubric") for language in ("en", "zh")}
)
Told = Callable[[Exercise, str], None]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of verifying one exercise: counts, and every demand that is not met as a sentence."""

    exercise: str
    checks: int
    accepted: int
    wrong: int
    pairs: int
    pairs_apart: int
    problems: tuple[Message, ...]

    @property
    def is_proved(self) -> bool:
        """Whether every demand is met."""
        return not self.problems


def verify(
    course: Course, only: Sequence[str] = (), *, progress: Told | None = None, walls: Launcher | None = None
) -> tuple[Proof, ...]:
    """Prove the exercises of a course, or those that `only` names.

    Raises:
        ExerciseError: `only` names none of the course.
    """
    chosen = {course.exercise(name).name for name in only} or {exercise.name for exercise in course.exercises}
    exercises = [exercise for exercise in course.exercises if exercise.name in chosen]
    return tuple(verify_exercise(course, exercise, progress=progress, walls=walls) for exercise in exercises)


def verify_exercise(
    course: Course, exercise: Exercise, *, progress: Told | None = None, walls: Launcher | None = None
) -> Proof:
    """Prove one exercise."""
    accepted, wrong = specimens(exercise, "accepted"), specimens(exercise, "wrong")
    problems: list[Message] = []
    try:
        problems += demands(exercise)

        def graded(specimen: Specimen) -> ExerciseReport:
            if progress is not None:
                progress(exercise, specimen.name)
            submission = specimen_submission(course, exercise, specimen)
            return grade(submission, course, only=[exercise.name], walls=walls).exercises[0]

        for specimen in accepted:
            problems += _accepted(specimen, graded(specimen))
        for specimen in wrong:
            problems += _wrong(specimen, graded(specimen))
        problems += _starter(_grade_starter(course, exercise, walls))
        confused = _confused(course, exercise, wrong)
    except ExerciseError as error:
        return Proof(exercise.name, 0, len(accepted), len(wrong), 0, 0, (*problems, error.message))
    pairs = len(wrong) * (len(wrong) - 1) // 2
    problems += [
        msg(
            "{first} and {second} agree on every probe: add a probe that tells them apart",
            first=first.name,
            second=second.name,
        )
        for first, second in confused
    ]
    return Proof(
        exercise=exercise.name,
        checks=len(exercise.checks),
        accepted=len(accepted),
        wrong=len(wrong),
        pairs=pairs,
        pairs_apart=pairs - len(confused),
        problems=tuple(problems),
    )


def specimen_submission(course: Course, exercise: Exercise, specimen: Specimen) -> Submission:
    """An exercise's own submission as a student would hand it in."""
    content = specimen.path.read_bytes()
    files = {STUDENT_FILE: f'student = "{SPECIMEN_STUDENT}"\n'.encode()}
    if specimen.path.suffix == ".md":
        return Submission(files | {SHEET_FILE: content})
    if exercise.file:
        files[exercise.file] = content
    if exercise.fields:
        given = personal_texts(course, exercise, SPECIMEN_STUDENT)
        files[SHEET_FILE] = sheet_text(exercise, given | specimen_sheet(exercise, specimen, given)).encode()
    return Submission(files)


def sheet_text(exercise: Exercise, texts: dict[str, str]) -> str:
    """An answer sheet with these answers under the exercise's headings."""
    sections = [f"## {field.key}\n\n{texts[field.key]}\n" for field in exercise.fields if field.key in texts]
    return "\n".join([f"# {exercise.name}\n", *sections])


def starter_submission(exercise: Exercise) -> Submission:
    """What a student has before the first line is written."""
    files = {}
    code, sheet = exercise.text("starter.py"), exercise.text("starter.md")
    if exercise.file and code is not None:
        files[exercise.file] = code.encode()
    if sheet is not None:
        files[SHEET_FILE] = sheet.encode()
    return Submission(files)


def demands(exercise: Exercise) -> Iterable[Message]:
    """What is missing or contradictory in the exercise's files, found without grading anything."""
    accepted, wrong = specimens(exercise, "accepted"), specimens(exercise, "wrong")
    names = {check.name for check in exercise.checks}
    if not accepted:
        yield msg("submissions/accepted: expected at least one file, found none")
    if exercise.file and exercise.text("starter.py") is None:
        yield msg("{file}: expected it, because the exercise asks for code", file="starter.py")
    if exercise.fields and exercise.text("starter.md") is None:
        yield msg("{file}: expected it, because the exercise has fields", file="starter.md")
    for language in ("en", "zh"):
        if not (exercise.text(f"prompt.{language}.md") or "").strip():
            yield msg("{file}: expected the task in this language", file=f"prompt.{language}.md")
    for specimen in wrong:
        where = f"wrong/{specimen.path.name}"
        if not specimen.sentence or not specimen.fails:
            yield msg("{where}: expected a sentence and `Fails: ...` at its beginning", where=where)
        for name in specimen.fails:
            if name not in names:
                yield msg("{where}: names the check {name}, which does not exist", where=where, name=name)
    for name in sorted(names - {name for specimen in wrong for name in specimen.fails}):
        yield msg("the check {name} is failed by no wrong submission: it may grade nothing", name=name)
    for path in sorted(exercise.folder.iterdir()):
        if path.name not in KNOWN_FILES and not path.name.startswith("."):
            yield msg("{file}: an unknown file; is its name misspelt?", file=path.name)


def _accepted(specimen: Specimen, report: ExerciseReport) -> Iterable[Message]:
    where = f"accepted/{specimen.path.name}"
    for outcome in report.outcomes:
        if outcome.verdict not in (Verdict.PASS, Verdict.NEEDS_REVIEW):
            yield msg(
                "{where}: expected full points, but {check} is {verdict}: {summary}",
                where=where,
                check=outcome.check,
                verdict=outcome.verdict.value,
                summary=outcome.summary or "",
            )


def _wrong(specimen: Specimen, report: ExerciseReport) -> Iterable[Message]:
    where = f"wrong/{specimen.path.name}"
    fine = (Verdict.PASS, Verdict.SKIPPED, Verdict.NEEDS_REVIEW)
    failed = {outcome.check for outcome in report.outcomes if outcome.verdict not in fine}
    for outcome in report.outcomes:
        if outcome.verdict is Verdict.FAULT:
            yield msg("{where}: {check} ends in a fault of ours", where=where, check=outcome.check)
    for name in sorted(failed - set(specimen.fails)):
        yield msg("{where}: fails {name}, which it does not name", where=where, name=name)
    for name in sorted(set(specimen.fails) - failed):
        yield msg("{where}: names {name}, but does not fail it", where=where, name=name)


def _grade_starter(course: Course, exercise: Exercise, walls: Launcher | None) -> ExerciseReport:
    return grade(starter_submission(exercise), course, only=[exercise.name], walls=walls).exercises[0]


def _starter(report: ExerciseReport) -> Iterable[Message]:
    for outcome in report.outcomes:
        if outcome.verdict not in (Verdict.MISSING, Verdict.SKIPPED):
            yield msg(
                "the starter: expected {check} to be missing or skipped, but it is {verdict}",
                check=outcome.check,
                verdict=outcome.verdict.value,
            )


def _confused(course: Course, exercise: Exercise, wrong: Sequence[Specimen]) -> list[tuple[Specimen, Specimen]]:
    """The pairs of wrong submissions that agree on every probe, as the diagnosis would see them."""
    given = personal_texts(course, exercise, SPECIMEN_STUDENT)
    base: dict[str, Any] = {
        "settings": exercise.settings,
        "personal": {},
        "device": "cpu",
        "answers": Answers(exercise.fields, {key: Located(text) for key, text in given.items()}),
    }
    answered = {s.name: specimen_answers(exercise, s, base) for s in wrong}
    return [
        (first, second)
        for first, second in combinations(wrong, 2)
        if agree(answered[first.name], answered[second.name]) or agree(answered[second.name], answered[first.name])
    ]
