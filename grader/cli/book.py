"""`grade book`: the table of the gradebook; `review` and `export` below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import book_export, book_similar
from grader.cli.exit_code import ExitCode
from grader.cli.gradebook import book_option, enter, open_book
from grader.cli.help import HelpCommand, HelpGroup, HelpOption
from grader.cli.session import Session, common_options, json_option
from grader.message import msg

if TYPE_CHECKING:
    from grader.gradebook.review import Wish


@click.group("book", cls=HelpGroup, invoke_without_command=True)
@book_option
@click.option(
    "--sort",
    cls=HelpOption,
    metavar="COLUMN",
    default="id",
    show_default=True,
    help="Order by id, name, total or an exercise; who has no mark comes last.",
)
@click.option("--reverse", cls=HelpOption, is_flag=True, help="The highest first.")
@common_options
@json_option
@click.pass_context
def command(context: click.Context, where: str, sort: str, reverse: bool) -> int:
    """Show the gradebook: points by student and exercise.

    Open points are marked with ?, marks by hand with *; - is nothing handed in, ! could not be graded. Exit codes: 0,
    or 2 where there is no gradebook.
    """
    session = context.ensure_object(Session)
    context.obj = session
    if context.invoked_subcommand is not None:
        return 0
    from grader.gradebook.document import document
    from grader.report import gradebook
    from grader.report.json import with_sentences

    with open_book(context) as book:
        table = book.table()
    ordered = gradebook.ordered(table, sort, reverse=reverse)
    if session.as_json:
        session.echo_json(with_sentences(document(ordered), session.translate))
    else:
        gradebook.show(ordered, session.console(), session.translate)
    return 0


command.add_command(book_export.command)
command.add_command(book_similar.command)


@command.command("review", cls=HelpCommand)
@click.argument("student", required=False)
@click.argument("exercise", required=False)
@click.option("--points", cls=HelpOption, metavar="N", help="The points for what is open.")
@click.option("--comment", cls=HelpOption, default="", metavar="TEXT", help="Why; it is kept beside the mark.")
@click.option("--by", cls=HelpOption, metavar="WHO", help="Who gives the mark; without it, who is logged in.")
@click.option(
    "--check",
    "checks",
    cls=HelpOption,
    multiple=True,
    metavar="NAME",
    help="Mark this check; may be given several times. Without it, those whose points are open.",
)
@click.option("--whole", cls=HelpOption, is_flag=True, help="Mark the exercise as a whole, whatever its checks gave.")
@click.option(
    "--from",
    "sheet",
    cls=HelpOption,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Read many marks from a CSV, as this command without arguments prints it.",
)
@book_option
@common_options
@click.pass_context
def review(
    context: click.Context,
    where: str | None,
    student: str | None,
    exercise: str | None,
    points: str | None,
    comment: str,
    by: str | None,
    checks: tuple[str, ...],
    whole: bool,
    sheet: Path | None,
) -> int:
    """Enter marks by hand; without arguments, print a CSV of what is open.

    A mark stays whatever a later grading says, and a later mark for the same checks replaces it. All marks of a sheet
    are entered or none.
    """
    from grader.gradebook.review import Wish, open_sheet

    session = context.ensure_object(Session)
    who = by or _login()
    with open_book(context) as book:
        wished: tuple[Wish, ...]
        if sheet is not None:
            wished = _from_sheet(sheet, who)
        elif student is None:
            click.echo(open_sheet(book.table()), nl=False)
            return 0
        elif exercise is None or points is None:
            raise click.UsageError(session.say(msg("expected STUDENT EXERCISE --points N")))
        else:
            wished = (Wish(student, exercise, points, comment, who, checks, whole),)
        problems = enter(book, wished)
    for problem in problems:
        click.echo(session.say(problem), err=True)
    if problems:
        click.echo(session.say(msg("No mark was entered.")), err=True)
        return int(ExitCode.USAGE)
    click.echo(session.say(msg("Marks by hand entered by {who}: {count}", who=who, count=len(wished))))
    return 0


def _from_sheet(sheet: Path, who: str) -> tuple[Wish, ...]:
    from grader.cli.gradebook import read_file
    from grader.gradebook import delimited
    from grader.gradebook.review import wishes

    return wishes(str(sheet), delimited.read(str(sheet), read_file(sheet)), who)


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return ""
