"""`grade verify [EXERCISE ...]`: the exercises prove themselves."""

from __future__ import annotations

import click

from grader.cli.exit_code import ExitCode
from grader.cli.help import HelpCommand
from grader.cli.session import Session, common_options, json_option
from grader.message import msg


@click.command("verify", cls=HelpCommand)
@click.argument("names", metavar="[EXERCISE]...", nargs=-1)
@common_options
@json_option
@click.pass_context
def command(context: click.Context, names: tuple[str, ...]) -> int:
    """Prove exercises by their own accepted and wrong submissions.

    Exit codes: 0 all are proved, 1 something is not as it must be.
    """
    from grader.cli import staff
    from grader.report.json import with_sentences
    from grader.sandbox.warm import WarmLauncher
    from grader.verify import verify_exercise

    staff.open_log()
    session = context.ensure_object(Session)
    course = session.load_course()
    chosen = {course.exercise(name).name for name in names} or {exercise.name for exercise in course.exercises}
    proofs = []
    with WarmLauncher() as walls:
        for exercise in course.exercises:
            if exercise.name not in chosen:
                continue
            proof = verify_exercise(course, exercise, walls=walls)
            proofs.append(proof)
            if session.as_json:
                continue
            click.echo(
                session.say(
                    msg(
                        "{exercise}: {state}; checks {checks}, accepted {accepted}, wrong {wrong}, "
                        "pairs told apart {apart} of {pairs}",
                        exercise=proof.exercise,
                        state=msg("proved") if proof.is_proved else msg("NOT PROVED"),
                        checks=proof.checks,
                        accepted=proof.accepted,
                        wrong=proof.wrong,
                        apart=proof.pairs_apart,
                        pairs=proof.pairs,
                    )
                )
            )
            for problem in proof.problems:
                click.echo(f"  - {session.say(problem)}")
    if session.as_json:
        rows = [
            {
                "exercise": proof.exercise,
                "proved": proof.is_proved,
                "checks": proof.checks,
                "accepted": proof.accepted,
                "wrong": proof.wrong,
                "pairs": proof.pairs,
                "pairs_apart": proof.pairs_apart,
                "problems": [problem.to_json() for problem in proof.problems],
            }
            for proof in proofs
        ]
        session.echo_json(with_sentences({"format": 1, "exercises": rows}, session.translate))
    return int(ExitCode.PASSED if all(proof.is_proved for proof in proofs) else ExitCode.NOT_PASSED)
