"""The program: its verbs, and the boundary at which every error becomes one sentence and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, NoReturn

import click

from grader.cli.exit_code import ExitCode
from grader.cli.help import HelpCommand, HelpFormatter, click_speaks
from grader.cli.session import Session, common_options
from grader.errors import (
    EmptySubmissionError,
    ExerciseError,
    GradebookError,
    GraderError,
    NoGradebookError,
    RecordError,
    SubmissionError,
    UnknownExerciseError,
)
from grader.i18n import LANGUAGES, default_language
from grader.message import Message, msg

VERBS = ("init", "submit", "check", "list", "show", "batch", "book", "regrade", "receipt", "verify", "doctor")
CODES: Mapping[type[GraderError], ExitCode] = {
    EmptySubmissionError: ExitCode.NOTHING,
    SubmissionError: ExitCode.UNGRADABLE,
    UnknownExerciseError: ExitCode.USAGE,
    ExerciseError: ExitCode.FAULT,
    RecordError: ExitCode.FAULT,
    NoGradebookError: ExitCode.USAGE,
    GradebookError: ExitCode.FAULT,
    GraderError: ExitCode.USAGE,
}

click.Context.formatter_class = HelpFormatter


class Terminated(KeyboardInterrupt):
    """The program was asked to end, or its terminal was closed; everything is cleaned up as after Ctrl-C."""


class Program(HelpCommand, click.Group):
    """`grade`: imports a verb's module when the verb is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which they are needed."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"grader.cli.{cmd_name}").command
        return command

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str = "grade", **extra: Any
    ) -> NoReturn:
        """Run the program and exit."""
        arguments = list(sys.argv[1:] if args is None else args)
        session = Session(asked_language(arguments) or default_language())
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character still gets the rest
        with click_speaks(session.language), _terminable():
            code = self._run(arguments, prog_name, session, **extra)
        sys.exit(int(code))

    def _run(self, arguments: list[str], prog_name: str, session: Session, **extra: Any) -> int:
        extra |= {"standalone_mode": False, "obj": session}
        try:
            return super().main(arguments, prog_name, **extra) or ExitCode.PASSED
        except click.UsageError as error:
            error.show()
            if session.as_json or "--json" in arguments:  # what could not be parsed may stand before it
                _tell_json(session, msg("Error: {message}", message=error.format_message()), ExitCode.USAGE)
            return ExitCode.USAGE
        except click.Abort as abort:
            is_asked = isinstance(abort.__cause__, Terminated)
            code = ExitCode.TERMINATED if is_asked else ExitCode.INTERRUPTED
            _tell(session, session.interrupted, code)
            return code
        except GraderError as error:
            code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
            _tell(session, msg("Error: {message}", message=error.message), code)
            return code
        except OSError as error:
            _tell(session, _refused(error), ExitCode.FAULT)
            return ExitCode.FAULT
        except Exception as error:
            _tell(session, _our_mistake(error), ExitCode.FAULT)
            return ExitCode.FAULT


def asked_language(arguments: Sequence[str]) -> str | None:
    """The language after `--lang`, found before parsing so that help and errors of parsing speak it too."""
    found = None
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--":
            break
        name, _, value = argument.partition("=")
        if name == "--lang" and (value or following) in LANGUAGES:
            found = value or following
    return found


def _tell(session: Session, message: Message, code: ExitCode) -> None:
    """A sentence on stderr; where JSON was asked for, an object on stdout too."""
    with contextlib.suppress(OSError):  # a stream that is full or closed must not hide the exit code
        click.echo(session.say(message), err=True)
    if session.as_json:
        _tell_json(session, message, code)


def _tell_json(session: Session, message: Message, code: ExitCode) -> None:
    from grader.report.json import with_sentences

    error = with_sentences(message.to_json(), session.translate)
    with contextlib.suppress(OSError):
        session.echo_json({"format": 1, "error": error, "exit_code": int(code)})


def _refused(error: OSError) -> Message:
    """The sentence for a disk that is full, an output that cannot be written, a process that cannot be started."""
    from grader.cli import staff

    return msg(
        "Error: this machine refused to go on: {error}. `grade doctor` looks for what is missing; "
        "the course staff finds more under the number {number}.",
        error=error.strerror or str(error),
        number=staff.note(error),
    )


def _our_mistake(error: Exception) -> Message:
    """The sentence for an exception that nobody foresaw; its traceback goes to the staff log."""
    from grader.cli import staff

    number = staff.note(error)
    return msg(
        "This is our mistake, not yours: nothing of your work is lost. "
        "Please tell the course staff the number {number}.",
        number=number,
    )


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that no guest is left behind."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    before = {}
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores it on purpose
            with contextlib.suppress(ValueError):  # not the main thread: whoever runs us there handles signals
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.group(cls=Program)
@common_options
def program() -> None:
    """Grade the homework of a course, and say why an answer is wrong.

    Begin with `grade init DIR`, which writes the files to fill in; `grade check DIR` tells how far you are, and
    `grade submit DIR` records it.
    """
