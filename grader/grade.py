"""The only way to a grade: `grade(submission, course) -> Report`; everything else schedules or renders it."""

from __future__ import annotations

import hashlib
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from grader.diagnose import diagnose
from grader.errors import GraderError
from grader.exercise import Course, Exercise
from grader.field import Answers, Located, locate
from grader.hint import hint_for
from grader.intake import Submission
from grader.intake.submission import SHEET_FILE
from grader.judge import STAFF_LOG, fault, judge, skipped, unavailable
from grader.message import Message, MessageArg, msg
from grader.model import ExerciseReport, Outcome, Report, Verdict
from grader.sandbox.host import Death, ErrorInfo
from grader.sandbox.isolation import strongest
from grader.sandbox.launch import GuestSpec, Launcher, launcher
from grader.sandbox.scratch import scratch_folder
from grader.sandbox.source import LeftOut
from grader.student import GuestTransport, Student

Progress = Callable[[Exercise, str], None]
DEVICES = ("auto", "cpu", "cuda")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # read by torch when it is imported
MAX_GRADINGS = 4  # of an exercise whose guests are killed


def grade(
    submission: Submission,
    course: Course,
    *,
    only: Sequence[str] = (),
    device: str = "cpu",
    walls: Launcher | None = None,
    progress: Progress | None = None,
) -> Report:
    """Grade a submission.

    Args:
        only: Names of the exercises to grade; none means all.
        device: "cpu", "cuda", or "auto" for CUDA where there is one.
        walls: What guests are started with; the strongest isolation that works here by default.
        progress: Told the exercise and the check that begins.

    Returns:
        The report, the same for the same content, whatever the order of exercises.

    Raises:
        ExerciseError: An exercise is not written as it must be, or `only` names none.
    """
    chosen = {course.exercise(name).name for name in only} or {exercise.name for exercise in course.exercises}
    exercises = [exercise for exercise in course.exercises if exercise.name in chosen]
    walls = walls or launcher(strongest().name)
    device = resolve_device(device) if any(exercise.guest == "torch" for exercise in exercises) else "cpu"
    parts = tuple(
        _grade_exercise(exercise, submission, course, device=device, walls=walls, progress=progress)
        for exercise in exercises
    )
    return report_on(submission, course, parts, device=device, isolation=walls.isolation)


def report_on(
    submission: Submission, course: Course, parts: Sequence[ExerciseReport], *, device: str, isolation: str
) -> Report:
    """The report that these parts make, which may have been graded at different times."""
    graded = {part.exercise for part in parts}
    return Report(
        course=course.title.text,
        student=submission.student,
        submission=submission.digest,
        seed=course.seed,
        device=device,
        exercises=tuple(parts),
        remarks=_remarks(submission, [exercise for exercise in course.exercises if exercise.name in graded]),
        isolation=isolation,
        not_graded=tuple(exercise.name for exercise in course.exercises if exercise.name not in graded),
    )


def _remarks(submission: Submission, exercises: Sequence[Exercise]) -> tuple[Message, ...]:
    """What is said of the submission as a whole.

    Where answers are asked for and there is no sheet at all, it may have another name or ending.
    """
    if not any(exercise.fields for exercise in exercises) or submission.sheets:
        return submission.remarks
    return (
        *submission.remarks,
        msg("No answer sheet was found; expected answers by hand in {file}, as the template has it.", file=SHEET_FILE),
    )


def resolve_device(device: str) -> str:
    """The device that will be used: "auto" becomes "cuda" or "cpu".

    Raises:
        ValueError: Another name.
        GraderError: CUDA where there is none.
    """
    if device not in DEVICES:
        raise ValueError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}")
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise GraderError(msg("device: expected a CUDA device for `cuda`, found none; use `auto` or `cpu`"))
    return "cpu"


def personal_texts(course: Course, exercise: Exercise, student: str | None) -> dict[str, str]:
    """The values that are drawn for a student's id: a text per field; none without an id."""
    if student is None or exercise.personal is None:
        return {}
    seed = hashlib.sha256(f"{course.seed}/{exercise.name}/{student}".encode()).digest()
    return dict(exercise.personal(random.Random(seed)))


def _grade_exercise(
    exercise: Exercise,
    submission: Submission,
    course: Course,
    *,
    device: str,
    walls: Launcher,
    progress: Progress | None,
) -> ExerciseReport:
    """Grade an exercise, and again where a guest was ended by SIGKILL and not by us.

    That may be the student's code or anybody on this machine.  What a student's
    code does it does again, with the same report; anything else must not count.
    """
    spoilt: list[ExerciseReport] = []
    while len(spoilt) < MAX_GRADINGS:
        report, death = _grade_once(exercise, submission, course, device=device, walls=walls, progress=progress)
        if death is Death.NONE or (death is Death.KILLED and report in spoilt):
            return report
        spoilt.append(report)
    STAFF_LOG.warning("%s: a guest was killed in each of %d gradings", exercise.name, MAX_GRADINGS)
    return spoilt[-1]


def _grade_once(
    exercise: Exercise,
    submission: Submission,
    course: Course,
    *,
    device: str,
    walls: Launcher,
    progress: Progress | None,
) -> tuple[ExerciseReport, Death]:
    """Grade an exercise with fresh guests; its part of the report, and how one of them ended that we did not end."""
    personal = personal_texts(course, exercise, submission.student)
    answers = _answers(exercise, submission, course, personal)
    fixtures: dict[str, Any] = {
        "answers": answers,
        "settings": exercise.settings,
        "personal": {key: exercise_field(exercise, key).parse(text) for key, text in personal.items()},
        "device": device,
        "student": None,
        "remarks": [],
    }
    seed = f"{course.seed}/{exercise.name}/{exercise.version}"
    place = submission.find(exercise.file, exercise.functions) if exercise.file else msg("No code is asked for.")
    remarks: list[Message] = []
    with _code(exercise, submission, place, device, walls) as transport, _one_thread(exercise):
        if transport is not None:
            fixtures["student"] = Student(transport)
        outcomes = _judge_all(exercise, fixtures, place, seed, progress)
        diagnosis = None
        if any(outcome.verdict in (Verdict.FAIL, Verdict.ERROR) for outcome in outcomes):
            try:
                diagnosis = diagnose(exercise, fixtures)
            except Exception:  # a diagnosis is extra: an author's slip in it must not cost a verdict
                STAFF_LOG.exception("diagnosis of %s", exercise.name)
        if transport is not None and isinstance(place, str):
            transport.close()
            remarks += _code_remarks(submission, place, exercise.functions, transport)
    report = ExerciseReport(
        exercise=exercise.name,
        version=exercise.version,
        title=exercise.title,
        outcomes=outcomes,
        diagnosis=diagnosis,
        remarks=(*remarks, *fixtures["remarks"], *answers.remarks()),
        understood=answers.understood(),
        isolation=walls.isolation if isinstance(place, str) else None,
    )
    return report, transport.death if transport is not None else Death.NONE


def exercise_field(exercise: Exercise, key: str) -> Any:
    """The field of that key; a KeyError is its author's mistake."""
    return {field.key: field for field in exercise.fields}[key]


def _judge_all(
    exercise: Exercise, fixtures: Mapping[str, Any], place: str | Message, seed: str, progress: Progress | None
) -> tuple[Outcome, ...]:
    outcomes: dict[str, Outcome] = {}
    for check in exercise.checks:
        if progress is not None:
            progress(exercise, check.name)
        waiting = [name for name in check.after if outcomes[name].verdict is not Verdict.PASS]
        if "student" in check.fixtures and isinstance(place, Message):
            outcomes[check.name] = unavailable(check, ", ".join(exercise.functions), place)
        elif waiting:
            before = next((name for name in waiting if not outcomes[name].verdict.is_pending), waiting[0])
            outcomes[check.name] = skipped(check, before, outcomes[before].verdict)
        else:
            try:
                outcomes[check.name] = judge(check, fixtures, fixtures["student"], f"{seed}/{check.name}")
            except Exception as error:
                outcomes[check.name] = fault(check, error)
    return tuple(outcomes.values())


@contextmanager
def _code(
    exercise: Exercise, submission: Submission, place: str | Message, device: str, walls: Launcher
) -> Iterator[GuestTransport | None]:
    """The way to the student's code, if the exercise asks for any and it was found."""
    if exercise.guest is None or isinstance(place, Message):
        yield None
        return
    with scratch_folder() as folder:
        submission.write(folder)
        folder.chmod(0o755)
        spec = GuestSpec(exercise.guest, folder, exercise.limits, device)
        notebook = submission.notebooks.get(place)
        program = notebook.program(exercise.functions) if notebook is not None else None
        transport = GuestTransport(walls, spec, place, program)
        try:
            yield transport
        finally:
            transport.close()


@contextmanager
def _one_thread(exercise: Exercise) -> Iterator[None]:
    """The reference computes with one thread: sums in the same order as on any other machine.

    Checks that need no torch do not import it; those that import it late find the number of threads in the environment.
    """
    if exercise.guest != "torch":
        yield
        return
    _ = exercise.checks
    torch = sys.modules.get("torch")
    if torch is None:
        before = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, "1"))
    else:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch is None:
            _restore(before)
        else:
            torch.set_num_threads(threads)


def _restore(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _answers(exercise: Exercise, submission: Submission, course: Course, personal: Mapping[str, str]) -> Answers:
    if not exercise.fields:
        return Answers((), {})
    others = [[other.name, *other.aliases] for other in course.exercises if other is not exercise]
    texts = locate(submission.sheets, [exercise.name, *exercise.aliases], exercise.fields, others)
    drawn = {key: Located(text) for key, text in personal.items() if key not in texts}
    return Answers(exercise.fields, texts | drawn)


def _code_remarks(submission: Submission, place: str, names: Sequence[str], transport: GuestTransport) -> list[Message]:
    notebook = submission.notebooks.get(place)
    remarks = []
    if notebook is not None:
        remarks += notebook.several_definitions(names)
        if transport.stopped is not None:
            remarks.append(
                msg(
                    "{problem} What this exercise needs was then run without that statement.", problem=transport.stopped
                )
            )
    else:
        remarks += [_left_out(place, block) for block in submission.sources[place].left_out]
    for problem in transport.problems[:5]:
        remarks.append(_load_remark(place if notebook is None else problem.file, problem))
    if transport.is_noisy:
        remarks.append(msg("Your code prints a lot; only what a function returns is looked at."))
    return remarks


def _left_out(place: str, block: LeftOut) -> Message:
    if block.first == block.last:
        return msg(
            "{file}: line {line} was left out, because it is not Python ({reason}).",
            file=place,
            line=block.line,
            reason=block.reason,
        )
    return msg(
        "{file}: lines {first} to {last} were left out, because line {line} is not Python ({reason}).",
        file=place,
        first=block.first,
        last=block.last,
        line=block.line,
        reason=block.reason,
    )


def _load_remark(place: MessageArg, problem: ErrorInfo) -> Message:
    said = msg(
        "{file}, line {line}: {type} while the file was loaded ({message}); the rest of the file still counts.",
        file=place,
        line=problem.line,
        type=problem.type,
        message=problem.message,
    )
    hint = hint_for(problem)
    return said if hint is None else msg("{said} {hint}", said=said, hint=hint)
