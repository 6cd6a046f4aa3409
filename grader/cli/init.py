"""`grade init DIR`: the files to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.help import HelpCommand, HelpOption
from grader.cli.session import Session, common_options
from grader.message import msg


@click.command("init", cls=HelpCommand)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--student",
    cls=HelpOption,
    metavar="ID",
    help="Your student number: the matrices of the homework are drawn from it.",
)
@click.option("--notebook", is_flag=True, cls=HelpOption, help="The whole homework as one Jupyter notebook.")
@common_options
@click.pass_context
def command(context: click.Context, folder: Path, student: str | None, notebook: bool) -> int:
    """Write the template into a folder; nothing is overwritten."""
    from grader import template

    session = context.ensure_object(Session)
    files = template.render(session.load_course(), student)
    files = template.as_notebook(files) if notebook else template.as_files(files)
    template.write(files, folder)
    for name in files:
        click.echo(str(folder / name))
    click.echo(session.say(msg("Fill these in; `grade check {folder}` tells how far you are.", folder=str(folder))))
    return 0
