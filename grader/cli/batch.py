"""`grade batch SOURCE...`: a whole class into the gradebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli import staff
from grader.cli.exit_code import ExitCode, of_batch
from grader.cli.gradebook import book_option, open_book
from grader.cli.help import HelpCommand, HelpOption
from grader.cli.options import device_option, exercise_option
from grader.cli.pool import opened, pool_options
from grader.cli.session import Session, common_options, json_option
from grader.message import Message, msg, verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from grader.batch.done import Done, Entry
    from grader.batch.matching import Matching
    from grader.gradebook import Gradebook


@click.command("batch", cls=HelpCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--roster",
    cls=HelpOption,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A CSV of the class with a column of ids; without it, everybody is who the names of the files say.",
)
@book_option
@pool_options
@click.option(
    "--fresh",
    cls=HelpOption,
    is_flag=True,
    help="Grade also what the gradebook knows already; a mark never becomes lower by it.",
)
@click.option(
    "--assignment",
    cls=HelpOption,
    metavar="NAME",
    help="Which assignment is meant, where nbgrader's tree holds several.",
)
@exercise_option
@device_option
@common_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    sources: tuple[Path, ...],
    roster: Path | None,
    where: str | None,
    jobs: int | None,
    cluster: str | None,
    fresh: bool,
    assignment: str | None,
    only: tuple[str, ...],
    device: str,
) -> int:
    """Grade all submissions of a class into the gradebook.

    Sources are folders of folders, zips or files, and the downloads of Canvas, Moodle, Gradescope, GitHub Classroom
    and nbgrader. What is finished is kept at once: after an interruption, run it again. Exit codes: 0 every
    submission has a result, 1 some have none, 4 some have none by our fault, 5 there is none, 130 interrupted.
    """
    from grader.batch import progress
    from grader.batch.matching import match
    from grader.batch.roster import read_roster
    from grader.batch.run import run
    from grader.batch.source import find

    staff.open_log()
    session = context.ensure_object(Session)
    course = session.load_course()
    for name in only:
        course.exercise(name)
    known = read_roster(roster) if roster is not None else None
    findings = find(sources, course, assignment=assignment)
    matching = match(findings.found, known)
    finished: list[Entry] = []
    with opened(session, course, jobs, cluster) as pool, open_book(context, create=True) as book:
        book.enrol([task.person for task in matching.tasks] if known is None else known.people)
        console = session.console(stderr=True)
        workers = pool.count if cluster is not None else None
        with progress.shown(console, len(matching.tasks), session.translate_report, workers) as tell:

            def told(done: Done) -> None:
                finished.append(done.entry)
                tell(done)

            try:
                run(
                    matching.tasks,
                    course,
                    book,
                    pool,
                    only=only,
                    device=device,
                    fresh=fresh,
                    resolve=pool.resolve,
                    told=told,
                )
            except KeyboardInterrupt:
                kept = sum(done.has_verdict for done in finished)
                session.interrupted = _stopped(kept, len(matching.tasks))
                raise
        name, marks = book.name, tuple(_earlier(book, finished))
    code = of_batch(finished, len(matching.unmatched))
    remarks = (
        *findings.remarks,
        *matching.remarks,
        *pool.remarks,
        *(remark for done in finished for remark in done.remarks),
        *marks,
    )
    if session.as_json:
        session.echo_json(_document(session, name, finished, matching, remarks, code))
    else:
        _summarise(session, name, finished, matching, remarks)
    return int(code)


def _earlier(book: Gradebook, finished: Sequence[Entry]) -> Iterator[Message]:
    """That marks stand which the exercises as they are now have not given, as far as they count."""
    from grader.errors import GradebookError

    if not any(done.earlier for done in finished):
        return
    try:
        table = book.table()
    except GradebookError as error:  # what was finished is to be shown nevertheless
        yield error.message
        return
    counting = {(row.person.id, row.submission.digest) for row in table if row.submission is not None}
    marks = {
        (done.task.person.id, exercise)
        for done in finished
        for exercise in done.earlier
        if (done.task.person.id, done.digest) in counting
    }
    if marks:
        yield msg(
            "marks that stand as they were given before the exercise, the grader, a library or the device changed: "
            "{count}, of {exercises}; `grade regrade --dry-run SOURCE...` shows what would change now",
            count=len(marks),
            exercises=", ".join(sorted({exercise for _, exercise in marks})),
        )
    yield from table.remarks


def _stopped(kept: int, total: int) -> Message:
    return msg(
        "{kept} of {total} submissions are in the gradebook; run the same again for the rest", kept=kept, total=total
    )


def _summarise(
    session: Session, book: str, finished: list[Entry], matching: Matching, remarks: Iterable[Message]
) -> None:
    """Print what became of the class: counts, then a line for everything that somebody should look at."""
    kept = sum(done.has_verdict for done in finished)
    total = len(finished) + len(matching.unmatched)
    click.echo(
        session.say(msg("{kept} of {total} submissions have a result in {book}", kept=kept, total=total, book=book))
    )
    without = [done for done in finished if not done.has_verdict]
    lines = [
        (msg("Without a result:"), [_pair(done.task.found.key, done.reason) for done in without if done.reason]),
        (msg("Nobody's:"), [_pair(found.key, reason) for found, reason in matching.unmatched]),
        (msg("Nothing handed in:"), [verbatim(f"{person.id} {person.name}".strip()) for person in matching.missing]),
        (msg("To know:"), list(remarks)),
    ]
    for title, messages in lines:
        if messages:
            click.echo(session.say(title))
        for message in messages:
            click.echo(f"  {message.render(session.translate_report)}")


def _pair(key: str, said: Message) -> Message:
    """A submission and what is said of it, which may begin with its name already."""
    if said.text.startswith("{path}: ") and said.args["path"] == key:
        return said
    return msg("{key}: {said}", key=key, said=said)


def _document(
    session: Session, book: str, finished: list[Entry], matching: Matching, remarks: Iterable[Message], code: ExitCode
) -> Any:
    from grader.report.json import with_sentences

    rows = [
        {
            "submission": done.task.found.key,
            "student": done.task.person.id,
            "state": done.state,
            "points": done.points.to_json() if done.points is not None and done.has_verdict else None,
            "known_before": done.was_known,
            "earlier": list(done.earlier),
            "reason": done.reason.to_json() if done.reason is not None else None,
        }
        for done in sorted(finished, key=lambda done: done.task.found.key)
    ]
    data = {
        "format": 1,
        "book": book,
        "submissions": rows,
        "unmatched": [{"submission": found.key, "reason": reason.to_json()} for found, reason in matching.unmatched],
        "missing": [person.id for person in matching.missing],
        "remarks": [remark.to_json() for remark in remarks],
        "exit_code": int(code),
    }
    return with_sentences(data, session.translate_report)
