"""`grade show [N]`: reports that were recorded."""

from __future__ import annotations

import click

from grader.cli import grading
from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.message import msg

LISTED = 10


@click.command("show", cls=HelpCommand)
@click.argument("number", type=int, required=False)
@common_options
@json_option
@click.pass_context
def command(context: click.Context, number: int | None) -> int:
    """Show the last recorded reports, or the one with this number."""
    from grader import record
    from grader.answers.source import display_width
    from grader.report import json
    from grader.report.layout import pad
    from grader.report.word import points_text

    session = context.ensure_object(Session)
    folder = record.data_folder()
    if number is not None:
        entry = record.entry(folder, number)
        if session.as_json:
            translate = session.translate_report
            session.echo_json(json.document(entry.report, translate, number=number, time=entry.time, path=entry.path))
        else:
            click.echo(
                session.say(msg("Number {number}, {time}, {path}", number=number, time=entry.time, path=entry.path))
            )
            grading.show(session, entry.report)
        return 0
    entries = record.entries(folder, LISTED)
    if session.as_json:
        rows = [
            {"number": entry.number, "time": entry.time, "path": entry.path, "points": entry.report.points.to_json()}
            for entry in entries.found
        ]
        session.echo_json({"format": 1, "reports": rows, "damaged": list(entries.damaged)})
        return 0
    if not entries.found:
        click.echo(session.say(msg("Nothing has been recorded yet; `grade submit DIR` records a report.")))
    points = [session.say(points_text(entry.report.points)) for entry in entries.found]
    width = max(map(display_width, points), default=0)
    for entry, earned in zip(entries.found, points, strict=True):
        click.echo(f"{entry.number:>4}  {entry.time}  {pad(earned, width)}  {entry.path}")
    for damaged in entries.damaged:
        click.echo(session.say(msg("Number {number} is damaged and cannot be read.", number=damaged)), err=True)
    return 0
