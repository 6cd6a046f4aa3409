"""`grade submit PATH`: grade all of it and keep the report."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli import grading
from grader.cli.help import HelpCommand
from grader.cli.session import Session
from grader.errors import RecordError
from grader.message import msg


@click.command("submit", cls=HelpCommand)
@click.argument("path", type=click.Path(path_type=Path))
@grading.grading_options
@click.pass_context
def command(context: click.Context, path: Path, only: tuple[str, ...], device: str, exit_zero: bool) -> int:
    """Grade a folder or a zip, and record the report.

    Exit codes: 0 everything passed (points that a human gives may be open), 1 graded and something did not pass,
    2 wrong usage, 3 the submission cannot be read, 4 our fault, 5 nothing to grade, 130 interrupted.
    """
    from datetime import datetime

    from grader import record
    from grader.report import json

    session = context.ensure_object(Session)
    report = grading.grade_path(session, path, only, device)
    number = None
    try:  # before anything is printed: whoever reads may close the pipe
        number = record.append(record.data_folder(), report, str(path), datetime.now().astimezone()).number
    except RecordError as error:
        click.echo(session.say(msg("The report was not recorded: {message}", message=error.message)), err=True)
    with session.output():
        if session.as_json:
            session.echo_json(json.document(report, session.translate_report, number=number))
        else:
            grading.show(session, report)
            if number is not None:
                click.echo(session.say(msg("Recorded as number {number}: grade show {number}", number=number)))
    return grading.exit_code(report, exit_zero=exit_zero)
