"""`grade receipt`: the receipt of a graded submission, and checking one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.exit_code import ExitCode
from grader.cli.gradebook import book_option, open_book, read_file, write_file
from grader.cli.help import HelpCommand, HelpGroup, HelpOption
from grader.cli.session import Session, common_options, json_option
from grader.errors import GraderError
from grader.message import Message, msg

if TYPE_CHECKING:
    from grader.receipt import Receipt


@click.group("receipt", cls=HelpGroup)
@common_options
def command() -> None:
    """Show or check receipts: digests of a submission, its exercises and every result."""


@command.command("show", cls=HelpCommand)
@click.argument("student")
@click.option(
    "-o",
    "--output",
    cls=HelpOption,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write to this file; without it, to the standard output.",
)
@book_option
@common_options
@click.pass_context
def show(context: click.Context, where: str | None, student: str, output: Path | None) -> int:
    """Write the receipt that was made when a student's submission was recorded."""
    from grader.report.json import dumps

    with open_book(context) as book:
        found = book.receipts(student)
    if found is None:
        raise GraderError(_nothing(student))
    content = dumps(found[0].to_json()).encode()
    if output is None:
        click.echo(content, nl=False)
    else:
        write_file(output, content)
    return 0


@command.command("verify", cls=HelpCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--submission",
    cls=HelpOption,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Grade this submission again and compare, in place of what the gradebook holds.",
)
@click.option("--student", cls=HelpOption, metavar="ID", help="Whose receipt it is, where it does not say so itself.")
@book_option
@common_options
@json_option
@click.pass_context
def verify(context: click.Context, where: str | None, file: Path, submission: Path | None, student: str | None) -> int:
    """Make a receipt anew and say what differs; FILE holds a receipt, or a report as JSON.

    Exit codes: 0 nothing differs, 1 something does, 2 FILE is no receipt or was changed after it was made.
    """
    from grader.receipt import differences
    from grader.report.json import with_sentences

    session = context.ensure_object(Session)
    receipt = _read(file)
    if submission is not None:
        found = _graded_again(session, receipt, submission)
        found_in = msg("grading {path} again", path=str(submission))
    else:
        found = _recorded(context, receipt, student)
        found_in = msg("the gradebook")
    said = list(differences(receipt, found))
    if session.as_json:
        data = {"format": 1, "same": not said, "differences": [line.to_json() for line in said]}
        session.echo_json(with_sentences(data, session.translate))
    else:
        for line in said:
            click.echo(session.say(line))
        if not said:
            click.echo(session.say(msg("Nothing differs between the receipt and {found_in}.", found_in=found_in)))
    return int(ExitCode.NOT_PASSED if said else ExitCode.PASSED)


def _read(file: Path) -> Receipt:
    """The receipt in a file, or the one of the report in it."""
    from grader.model import Report
    from grader.receipt import Receipt

    try:
        data: Any = json.loads(read_file(file))
        if isinstance(data, dict) and "receipt" not in data and "digest" in data:
            report = Report.from_json(data)
            if report.digest != data["digest"]:
                raise GraderError(
                    msg("{file}: the report was changed after it was made: its own digest differs", file=str(file))
                )
            return Receipt.of(report, {})
        return Receipt.from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError):  # JSON of another kind, or none
        raise GraderError(msg("{file}: expected a receipt or a report as JSON", file=str(file))) from None


def _graded_again(session: Session, receipt: Receipt, path: Path) -> Receipt:
    from grader.cli import staff
    from grader.grade import grade
    from grader.gradebook import exercise_key
    from grader.intake import read_submission
    from grader.receipt import Receipt

    staff.open_log()
    course = session.load_course()
    there = {exercise.name for exercise in course.exercises}
    only = [part.exercise for part in receipt.exercises if part.exercise in there]
    if not only:
        raise GraderError(msg("the course has none of the exercises in the receipt"))
    report = grade(read_submission(path), course, only=only, device=receipt.device)
    keys = {name: exercise_key(course, course.exercise(name), report.device) for name in only}
    return Receipt.of(report, keys)


def _recorded(context: click.Context, receipt: Receipt, student: str | None) -> Receipt:
    """What the gradebook holds of the same content, or else of the student."""
    with open_book(context) as book:
        rows = book.table().rows
        owners = [
            row.person.id
            for row in rows
            if row.submission is not None
            and (row.submission.digest == receipt.submission if student is None else row.person.id == student)
        ]
        found = book.receipts(owners[0]) if owners else None
    if found is None:
        raise GraderError(
            _nothing(student)
            if student is not None
            else msg("the gradebook holds no submission of this content that counts; give --student or --submission")
        )
    return found[1]


def _nothing(student: str) -> Message:
    return msg("{student}: nothing that was graded is in the gradebook", student=student)
