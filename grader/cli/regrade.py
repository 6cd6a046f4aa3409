"""`grade regrade SOURCE...`: what changed exercises would do to the marks; applied only as it was shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.exit_code import ExitCode
from grader.cli.gradebook import book_option, open_book
from grader.cli.grading import DEVICES
from grader.cli.help import HelpCommand, HelpOption
from grader.cli.session import Session, common_options, json_option
from grader.errors import GraderError
from grader.message import Message, msg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.exercise import Course
    from grader.gradebook import Gradebook
    from grader.gradebook.regrade import Plan


@click.command("regrade", cls=HelpCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-e",
    "--exercise",
    "only",
    cls=HelpOption,
    multiple=True,
    metavar="NAME",
    help="This exercise only; may be given several times.",
)
@click.option("--dry-run", cls=HelpOption, is_flag=True, help="Only show what would change; so it is without --apply.")
@click.option(
    "--apply",
    "digest",
    cls=HelpOption,
    metavar="DIGEST",
    help="Let the new results count, if they are those that a dry run has shown under this digest.",
)
@click.option("--allow-drops", cls=HelpOption, is_flag=True, help="Apply it even where a mark becomes lower.")
@click.option(
    "--device",
    cls=HelpOption,
    type=click.Choice(DEVICES),
    default="cpu",
    show_default=True,
    help="Where networks are trained: auto takes CUDA where there is one.",
)
@book_option
@common_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    where: str | None,
    sources: tuple[Path, ...],
    only: tuple[str, ...],
    dry_run: bool,
    digest: str | None,
    allow_drops: bool,
    device: str,
) -> int:
    """Show whose marks a changed exercise changes, by how much and why.

    The submissions are looked for in the sources by their content. Marks by hand stay. Exit codes: 0 all could be
    graded again, 1 some could not, 2 what is to be applied is not what was shown, or would lower a mark.
    """
    from grader.gradebook.regrade import apply, plan
    from grader.report.gradebook import show_plan
    from grader.report.json import with_sentences

    session = context.ensure_object(Session)
    if dry_run and digest is not None:
        raise click.UsageError(session.say(msg("give --dry-run or --apply, not both")))
    course = session.load_course()
    with open_book(context) as book:
        keys = _keys(course, only, device)
        _grade_again(course, book, keys, sources, device)
        made = plan(book, keys)
        if digest is not None:
            apply(book, made, digest, allow_drops=allow_drops)
    if session.as_json:
        data = made.to_json() | {"applied": digest is not None}
        session.echo_json(with_sentences(data, session.translate_report))
    else:
        show_plan(made, session.console(), session.translate_report)
        click.echo(session.say(_ending(made, is_applied=digest is not None)))
    return int(ExitCode.NOT_PASSED if made.ungradable else ExitCode.PASSED)


def _keys(course: Course, only: tuple[str, ...], device: str) -> dict[str, str]:
    from grader.grade import resolve_device
    from grader.gradebook import exercise_key

    chosen = [course.exercise(name) for name in only] or list(course.exercises)
    used = resolve_device(device) if any(exercise.guest == "torch" for exercise in chosen) else "cpu"
    return {exercise.name: exercise_key(course, exercise, used) for exercise in chosen}


def _grade_again(
    course: Course, book: Gradebook, keys: Mapping[str, str], sources: tuple[Path, ...], device: str
) -> None:
    """Grade what is outdated and lies in the sources; what comes of it is kept and counts for nobody yet."""
    from grader.batch.source import find
    from grader.cli import staff
    from grader.grade import grade
    from grader.gradebook.regrade import outdated

    staff.open_log()
    left = outdated(book, keys)
    for found in find(sources, course).found if left else ():
        try:
            submission = found.read()
        except GraderError:
            continue  # it was no submission when marks were given, and has none that could change
        names = left.pop(submission.digest, None)
        if names:
            book.keep(grade(submission, course, only=sorted(names), device=device), keys)


def _ending(made: Plan, *, is_applied: bool) -> Message:
    if is_applied:
        return msg("Applied: the new results of {count} marks count now.", count=len(made.changes))
    if not made.changes:
        return msg("Nothing would change.")
    return msg("Nothing is changed yet; to apply it: grade regrade --apply {digest}", digest=made.digest)
