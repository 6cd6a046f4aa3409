"""What `submit` and `check` share: their options, the progress bar, one report printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from grader.cli.exit_code import ExitCode, of_report
from grader.cli.help import HelpOption
from grader.cli.options import device_option, exercise_option
from grader.cli.session import Session, common_options, json_option
from grader.message import msg

if TYPE_CHECKING:
    from grader.exercise import Course, Exercise
    from grader.model import Report

Function = TypeVar("Function", bound=Callable[..., object])


def grading_options(function: Function) -> Function:
    """The options of a command that grades, and those common to all."""
    options = (
        exercise_option,
        device_option,
        click.option(
            "--exit-zero",
            cls=HelpOption,
            is_flag=True,
            help="Exit with 0 whenever grading worked, whatever the points.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return common_options(json_option(function))


def grade_path(session: Session, path: Path, only: tuple[str, ...], device: str) -> Report:
    """Grade what lies at a path; the guests' libraries are imported while we import what we need ourselves."""
    from grader.sandbox.warm import WarmLauncher

    course = session.load_course()
    exercises = [course.exercise(name) for name in only] or course.exercises
    with WarmLauncher() as walls:
        if device == "cpu":
            walls.expect(sorted({exercise.guest for exercise in exercises if exercise.guest}))
        from grader.cli import staff
        from grader.grade import grade
        from grader.intake import read_submission

        staff.open_log()
        submission = read_submission(path)
        with _progress(session, course, only) as told:
            return grade(submission, course, only=only, device=device, walls=walls, progress=told)


def show(session: Session, report: Report) -> None:
    """Print a report for people."""
    from grader.report import terminal

    terminal.show(report, session.console(), session.translate_report)


def exit_code(report: Report, *, exit_zero: bool) -> int:
    """The exit code of a grading; `--exit-zero` leaves only faults of ours."""
    code = of_report(report)
    return int(ExitCode.PASSED if exit_zero and code is ExitCode.NOT_PASSED else code)


@contextmanager
def _progress(
    session: Session, course: Course, only: tuple[str, ...]
) -> Iterator[Callable[[Exercise, str], None] | None]:
    """A bar on stderr while it works, where stderr is a terminal."""
    console = session.console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    chosen = [course.exercise(name) for name in only] or list(course.exercises)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(session.say(msg("Reading the checks")), total=None)
        done: set[tuple[str, str]] = set()

        def told(exercise: Exercise, check: str) -> None:
            total = sum(len(part.checks) for part in chosen)
            bar.update(task, description=f"{exercise.name}: {check}", completed=len(done), total=total)
            done.add((exercise.name, check))

        yield told
