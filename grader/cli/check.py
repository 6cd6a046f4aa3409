"""`grade check PATH`: the same verdicts, recorded nowhere."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli import grading
from grader.cli.help import HelpCommand
from grader.cli.session import Session


@click.command("check", cls=HelpCommand)
@click.argument("path", type=click.Path(path_type=Path))
@grading.grading_options
@click.pass_context
def command(context: click.Context, path: Path, only: tuple[str, ...], device: str, exit_zero: bool) -> int:
    """Grade a folder or a zip like submit, but record nothing.

    The exit codes are those of `grade submit`.
    """
    from grader.report import json

    session = context.ensure_object(Session)
    report = grading.grade_path(session, path, only, device)
    with session.output():
        if session.as_json:
            session.echo_json(json.document(report, session.translate_report))
        else:
            grading.show(session, report)
    return grading.exit_code(report, exit_zero=exit_zero)
