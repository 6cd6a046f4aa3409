"""`grade list`: the exercises of the course."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.message import Message, msg, verbatim

if TYPE_CHECKING:
    from grader.exercise import Exercise


@click.command("list", cls=HelpCommand)
@common_options
@json_option
@click.pass_context
def command(context: click.Context) -> int:
    """List the exercises: name, what is asked, file or fields."""
    session = context.ensure_object(Session)
    course = session.load_course()
    translate = session.translate_report
    if session.as_json:
        from grader.report.json import with_sentences

        rows = [
            {
                "exercise": exercise.name,
                "version": exercise.version,
                "title": exercise.title.to_json(),
                "aliases": list(exercise.aliases),
                "file": exercise.file,
                "fields": [field.key for field in exercise.fields],
            }
            for exercise in course.exercises
        ]
        data = {"format": 1, "course": course.title.to_json(), "exercises": rows}
        session.echo_json(with_sentences(data, translate))
        return 0
    click.echo(course.title.render(translate))
    for exercise in course.exercises:
        title, place = exercise.title.render(translate), session.say(_place(exercise))
        click.echo(f"\n{exercise.name}\n  {title}\n  {place}")
    return 0


def _place(exercise: Exercise) -> Message:
    """The file of an exercise's code and the fields of its answers."""
    keys = ", ".join(field.key for field in exercise.fields)
    if not exercise.file:
        return msg("answers.md: {fields}", fields=keys)
    if not exercise.fields:
        return verbatim(exercise.file)
    return msg("{file}; answers.md: {fields}", file=exercise.file, fields=keys)
