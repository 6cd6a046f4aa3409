"""`grade book export`: the gradebook in the formats that other programs read."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.gradebook import book_option, open_book, read_file, write_file
from grader.cli.help import HelpCommand, HelpOption
from grader.cli.session import Session, common_options
from grader.message import msg

KINDS = ("csv", "xlsx", "canvas", "moodle", "gradescope", "junit", "json")  # a test holds them equal to EXPORTS
FILLED_IN = ("canvas", "moodle")


@click.command("export", cls=HelpCommand)
@click.option("--to", "kind", cls=HelpOption, type=click.Choice(KINDS), required=True, help="The format.")
@click.option(
    "-o",
    "--output",
    cls=HelpOption,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write to this file; without it, to the standard output.",
)
@click.option(
    "--template",
    cls=HelpOption,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file of Canvas or Moodle to fill in.",
)
@click.option(
    "--column",
    cls=HelpOption,
    metavar="TITLE",
    help="Canvas: the assignment in the template, by its title or number. Moodle: what the new column is called.",
)
@click.option("-e", "--exercise", cls=HelpOption, metavar="NAME", help="The marks of one exercise, not the total.")
@click.option("--student", cls=HelpOption, metavar="ID", help="Gradescope and JUnit: the report of one student.")
@click.option("--scale", cls=HelpOption, is_flag=True, help="Convert marks where the template's maximum is another.")
@book_option
@common_options
@click.pass_context
def command(
    context: click.Context,
    where: str | None,
    kind: str,
    output: Path | None,
    template: Path | None,
    column: str | None,
    exercise: str | None,
    student: str | None,
    scale: bool,
) -> int:
    """Write the gradebook for Canvas, Moodle, Gradescope, Excel or a program.

    A mark that is missing or still open is left empty and named on the standard error; it is never a zero.
    """
    from grader.gradebook import delimited
    from grader.gradebook.export import EXPORTS, Order

    session = context.ensure_object(Session)
    if template is not None and kind not in FILLED_IN:
        raise click.UsageError(session.say(msg("--template goes with --to canvas and --to moodle")))
    filled = (str(template), delimited.read(str(template), read_file(template))) if template is not None else None
    order = Order(filled, column, exercise, student, scale, session.translate_report)
    with open_book(context) as book:
        made = EXPORTS[kind](book, order)
    if output is None:
        click.echo(made.content, nl=False)
    else:
        write_file(output, made.content)
    for reason in made.left_out:
        click.echo(session.say(reason), err=True)
    return 0
