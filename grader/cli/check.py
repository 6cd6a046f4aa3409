"""`grade check PATH`: the same verdicts, recorded nowhere."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli import grading
from grader.cli.help import HelpCommand, HelpOption
from grader.cli.session import Session
from grader.message import msg


@click.command("check", cls=HelpCommand)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--feedback",
    cls=HelpOption,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a copy of the notebook PATH with the results beside its cells: .ipynb, or .html for a page.",
)
@grading.grading_options
@click.pass_context
def command(
    context: click.Context, path: Path, feedback: Path | None, only: tuple[str, ...], device: str, exit_zero: bool
) -> int:
    """Grade a folder, a zip or a notebook like submit, but record nothing.

    The exit codes are those of `grade submit`.
    """
    session = context.ensure_object(Session)
    if feedback is not None and path.suffix.lower() != ".ipynb":
        raise click.UsageError(
            session.say(msg("--feedback: expected PATH to be a notebook (.ipynb), got {path}", path=str(path)))
        )
    report = grading.grade_path(session, path, only, device)
    if feedback is not None:
        from grader.notebook.feedback import write_feedback

        write_feedback(path, feedback, report, session.load_course(), session.translate_report)
    with session.output():
        if session.as_json:
            from grader.report import json

            session.echo_json(json.document(report, session.translate_report))
        else:
            grading.show(session, report)
    return grading.exit_code(report, exit_zero=exit_zero)
