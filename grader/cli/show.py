"""`grade show [N]`: reports that were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from grader.cli import grading
from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.message import msg
from grader.untrusted import clean

if TYPE_CHECKING:
    from grader.record import Entries, Entry

LISTED = 10


@click.command("show", cls=HelpCommand)
@click.argument("number", type=int, required=False)
@common_options
@json_option
@click.pass_context
def command(context: click.Context, number: int | None) -> int:
    """Show the last recorded reports, or the one with this number."""
    from grader import record

    session = context.ensure_object(Session)
    folder = record.data_folder()
    with session.output():
        if number is not None:
            _show(session, record.entry(folder, number))
        else:
            _list(session, record.entries(folder, LISTED))
    return 0


def _show(session: Session, entry: Entry) -> None:
    from grader.report import json

    if session.as_json:
        translate = session.translate_report
        facts = {"number": entry.number, "time": entry.time, "path": entry.path}
        session.echo_json(json.document(entry.report, translate, **facts))
        return
    head = msg("Number {number}, {time}, {path}", number=entry.number, time=_moment(entry.time), path=clean(entry.path))
    click.echo(session.say(head))
    grading.show(session, entry.report)


def _list(session: Session, entries: Entries) -> None:
    from grader.answers.source import display_width
    from grader.report.layout import pad
    from grader.report.word import points_text

    if session.as_json:
        rows = [
            {"number": entry.number, "time": entry.time, "path": entry.path, "points": entry.report.points.to_json()}
            for entry in entries.found
        ]
        unread = {"damaged": list(entries.damaged), "newer": list(entries.newer)}
        session.echo_json({"format": 1, "reports": rows} | unread)
        return
    if not (entries.found or entries.damaged or entries.newer):
        click.echo(session.say(msg("Nothing has been recorded yet; `grade submit DIR` records a report.")))
    points = [session.say(points_text(entry.report.points)) for entry in entries.found]
    width = max(map(display_width, points), default=0)
    for entry, earned in zip(entries.found, points, strict=True):
        click.echo(f"{entry.number:>4}  {_moment(entry.time)}  {pad(earned, width)}  {clean(entry.path)}")
    for damaged in entries.damaged:
        click.echo(session.say(msg("Number {number} is damaged and cannot be read.", number=damaged)), err=True)
    for newer in entries.newer:
        click.echo(session.say(msg("Number {number} was written by a newer version of grade.", number=newer)), err=True)


def _moment(time: str) -> str:
    """A recorded time as people write it, in the zone where it was recorded."""
    return clean(time[:16]).replace("T", " ")
