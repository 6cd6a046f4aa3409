"""`grade regrade SOURCE...`: what changed exercises would do to the marks; applied only as it was shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import staff
from grader.cli.exit_code import ExitCode
from grader.cli.gradebook import book_option, open_book
from grader.cli.help import HelpCommand, HelpOption
from grader.cli.options import device_option, exercise_option
from grader.cli.pool import opened, pool_options
from grader.cli.session import Session, common_options, json_option
from grader.message import Message, msg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.batch.cluster import ClusterPool
    from grader.batch.done import Done, Entry
    from grader.batch.worker import LocalPool
    from grader.exercise import Course
    from grader.gradebook import Gradebook
    from grader.gradebook.regrade import Plan


@click.command("regrade", cls=HelpCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, type=click.Path(path_type=Path))
@exercise_option
@click.option("--dry-run", cls=HelpOption, is_flag=True, help="Only show what would change; so it is without --apply.")
@click.option(
    "--apply",
    "digest",
    cls=HelpOption,
    metavar="DIGEST",
    help="Let the new results count, if they are those that a dry run has shown under this digest.",
)
@click.option("--allow-drops", cls=HelpOption, is_flag=True, help="Apply it even where a mark becomes lower.")
@pool_options
@device_option
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
    jobs: int | None,
    cluster: str | None,
    device: str,
) -> int:
    """Show whose marks a changed exercise changes, by how much and why.

    The submissions are looked for in the sources by their content. Marks by hand stay. Exit codes: 0 all could be
    graded again, 1 some could not, 2 what is to be applied is not what was shown, or would lower a mark, 4 some could
    not by our fault, 130 interrupted.
    """
    from grader.gradebook.regrade import apply, plan
    from grader.report.gradebook import show_plan
    from grader.report.json import with_sentences

    staff.open_log()
    session = context.ensure_object(Session)
    if dry_run and digest is not None:
        raise click.UsageError(session.say(msg("give --dry-run or --apply, not both")))
    course = session.load_course()
    with opened(session, course, jobs, cluster) as pool, open_book(context) as book:
        used, keys = _keys(course, only, device, pool)
        reasons = _grade_again(session, course, book, keys, sources, pool, used)
        made = plan(book, keys, reasons)
        if digest is not None:
            apply(book, made, digest, allow_drops=allow_drops)
    for remark in pool.remarks:
        click.echo(session.say(remark), err=True)
    if session.as_json:
        data = made.to_json() | {"applied": digest is not None}
        session.echo_json(with_sentences(data, session.translate_report))
    else:
        show_plan(made, session.console(), session.translate_report)
        click.echo(session.say(_ending(made, is_applied=digest is not None)))
    if reasons:
        return int(ExitCode.FAULT)
    return int(ExitCode.NOT_PASSED if made.ungradable else ExitCode.PASSED)


def _keys(
    course: Course, only: tuple[str, ...], device: str, pool: LocalPool | ClusterPool
) -> tuple[str, dict[str, str]]:
    """The device that is used, and the present key of each exercise."""
    from grader.gradebook import exercise_key

    chosen = [course.exercise(name) for name in only] or list(course.exercises)
    used = pool.resolve(device) if any(exercise.guest == "torch" for exercise in chosen) else "cpu"
    return used, {exercise.name: exercise_key(course, exercise, used) for exercise in chosen}


def _grade_again(
    session: Session,
    course: Course,
    book: Gradebook,
    keys: Mapping[str, str],
    sources: tuple[Path, ...],
    pool: LocalPool | ClusterPool,
    device: str,
) -> Mapping[str, Message]:
    """Grade what is outdated and lies in the sources, and say by content why there is no result."""
    from grader.batch import progress
    from grader.batch.again import grade_again, to_grade
    from grader.batch.source import find

    wanted = to_grade(book, keys) if sources else {}
    if not wanted:
        return {}
    found = find(sources, course).found
    finished: list[Entry] = []
    with progress.shown(session.console(stderr=True), len(wanted), session.translate_report) as tell:

        def told(done: Done) -> None:
            finished.append(done.entry)
            tell(done)

        try:
            return grade_again(found, wanted, course, book, keys, pool, device=device, told=told)
        except KeyboardInterrupt:
            session.interrupted = msg(
                "{count} of {total} submissions were graded again, and no mark has changed; run the same again for the rest",
                count=sum(done.has_verdict for done in finished),
                total=len(wanted),
            )
            raise


def _ending(made: Plan, *, is_applied: bool) -> Message:
    if is_applied:
        return msg("Applied: the new results of {count} marks count now.", count=len(made.changes))
    if not made.changes:
        return msg("Nothing would change.")
    return msg("Nothing is changed yet; to apply it: grade regrade --apply {digest}", digest=made.digest)
