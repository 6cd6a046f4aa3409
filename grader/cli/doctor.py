"""`grade doctor`: what works on this machine, and what is lost where something does not."""

from __future__ import annotations

import click

from grader.cli.exit_code import ExitCode
from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.message import msg


@click.command("doctor", cls=HelpCommand)
@common_options
@json_option
@click.pass_context
def command(context: click.Context) -> int:
    """Tell which isolation works here and why, and what else grading needs."""
    from grader.doctor import examine
    from grader.record import data_folder
    from grader.report.json import with_sentences

    session = context.ensure_object(Session)
    findings = examine(data_folder())
    if session.as_json:
        data = {"format": 1, "findings": [finding.to_json() for finding in findings]}
        session.echo_json(with_sentences(data, session.translate))
    else:
        for finding in findings:
            state = msg("works") if finding.works else msg("MISSING")
            line = msg("{name}: {state}; {found}", name=finding.name, state=state, found=finding.found)
            click.echo(session.say(line))
            if finding.cost is not None:
                click.echo(f"    {session.say(finding.cost)}")
    is_broken = any(finding.needed and not finding.works for finding in findings)
    return int(ExitCode.FAULT if is_broken else ExitCode.PASSED)
