"""`grade book similar`: what submissions have in common, as facts for the instructor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.gradebook import book_option, open_book
from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.errors import GraderError
from grader.message import msg

if TYPE_CHECKING:
    from grader.exercise import Course
    from grader.gradebook import Gradebook
    from grader.intake import Submission


@click.command("similar", cls=HelpCommand)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1, type=click.Path(path_type=Path))
@book_option
@common_options
@json_option
@click.pass_context
def command(context: click.Context, where: str | None, sources: tuple[Path, ...]) -> int:
    """List who handed in the same content, or gave the same wrong answers that no known mistake explains.

    With the sources, also who has the same code but for names and layout, or the same paragraphs. It says what is
    the same, not why; nothing of it is in any student's report.
    """
    from grader.gradebook.similar import in_results, in_texts
    from grader.report.json import with_sentences
    from grader.report.layout import visible

    session = context.ensure_object(Session)
    with open_book(context) as book:
        found = in_results(book)
        if sources:
            course = session.load_course()
            found += in_texts(_counting(book, course, sources), course)
    if session.as_json:
        data = {"format": 1, "similar": [likeness.to_json() for likeness in found]}
        session.echo_json(with_sentences(data, session.translate))
        return 0
    for likeness in found:
        click.echo(visible(f"{', '.join(likeness.students)}: {session.say(likeness.what)}"))
    if not found:
        click.echo(session.say(msg("Nothing that two students share was found.")))
    return 0


def _counting(book: Gradebook, course: Course, sources: tuple[Path, ...]) -> dict[str, Submission]:
    """By student the submission that counts, as far as it lies in the sources."""
    from grader.batch.source import find

    owners: dict[str, list[str]] = {}
    for row in book.table():
        if row.submission is not None:
            owners.setdefault(row.submission.digest, []).append(row.person.id)
    counting: dict[str, Submission] = {}
    for found in find(sources, course).found:
        try:
            submission = found.read()
        except GraderError:
            continue  # the gradebook says why it cannot be read
        counting |= dict.fromkeys(owners.get(submission.digest, ())[:1], submission)
    return counting
