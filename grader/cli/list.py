"""`grade list`: the exercises of the course."""

from __future__ import annotations

import click

from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.message import msg


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
        places = [exercise.file] if exercise.file else []
        if exercise.fields:
            keys = ", ".join(field.key for field in exercise.fields)
            places.append(session.say(msg("answers.md: {fields}", fields=keys)))
        click.echo(f"\n{exercise.name}\n  {exercise.title.render(translate)}\n  {'; '.join(places)}")
    return 0
