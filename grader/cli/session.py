"""What the options common to all commands say: language, course, colour, form of the output."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from grader.cli.help import HelpOption
from grader.i18n import LANGUAGES, default_language, translator
from grader.message import Message, Translate, msg

if TYPE_CHECKING:
    from rich.console import Console

    from grader.exercise import Course

Function = TypeVar("Function", bound=Callable[..., Any])
NOTHING_KEPT = msg("Interrupted; nothing was recorded, and nothing is left running.")


@dataclass(slots=True)
class Session:
    """The common options of this run.

    Attributes:
        interrupted: What is said when it is interrupted; a command that has kept something says what.
    """

    language: str
    course_folder: Path | None = None
    has_color: bool = True
    as_json: bool = False
    interrupted: Message = NOTHING_KEPT

    @classmethod
    def current(cls) -> Session:
        """The session of the command that runs, or a new one outside of any."""
        context = click.get_current_context(silent=True)
        session = context.find_object(cls) if context is not None else None
        return session or cls(default_language())

    @property
    def translate(self) -> Translate:
        """The grader's texts in the language of this run."""
        return translator(self.language)

    @property
    def translate_report(self) -> Translate:
        """The grader's and the course's texts in the language of this run."""
        from grader.exercise import default_course_folder

        return translator(self.language, self.course_folder or default_course_folder())

    def say(self, message: Message) -> str:
        """A sentence in the language of this run."""
        return message.render(self.translate)

    def load_course(self) -> Course:
        """The course that was chosen, or the installed one."""
        from grader.exercise import load_course

        if self.course_folder is not None and not (self.course_folder / "course.toml").is_file():
            folder = str(self.course_folder)
            raise click.UsageError(self.say(msg("--course: {folder} holds no course.toml", folder=folder)))
        return load_course(self.course_folder)

    @contextmanager
    def output(self) -> Iterator[None]:
        """Print; whoever reads may close the pipe early, which changes no exit code."""
        try:
            yield
            if sys.stdout is not None:  # closed from the start
                sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def echo_json(self, data: Any) -> None:
        """Print JSON data on stdout."""
        from grader.report import json

        click.echo(json.dumps(data), nl=False)

    def console(self, *, stderr: bool = False) -> Console:
        """A console of rich that never takes text for markup, without colour where none is wanted."""
        from rich.console import Console

        class Page(Console):
            def on_broken_pipe(self) -> None:  # rich would exit with 1, which means something else here
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

        plain = {} if self.has_color and not os.environ.get("NO_COLOR") else {"color_system": None}
        stream = sys.stderr if stderr else sys.stdout
        return Page(file=stream, highlight=False, markup=False, emoji=False, **plain)  # type: ignore[arg-type]


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None and not context.resilient_parsing:
            setattr(context.ensure_object(Session), name, value)

    return callback


def common_options(function: Function) -> Function:
    """`--lang`, `--course` and `--no-color`, which may stand before or after the verb."""
    options = (
        click.option(
            "--lang",
            "language",
            cls=HelpOption,
            type=click.Choice(tuple(LANGUAGES)),
            expose_value=False,
            callback=_remember("language"),
            help="Language of what is printed; without it, the one of LC_ALL or LANG.",
        ),
        click.option(
            "--course",
            cls=HelpOption,
            metavar="DIR",
            type=click.Path(path_type=Path),
            expose_value=False,
            callback=_remember("course_folder"),
            help="Folder of a course, with its course.toml; without it, the installed exercises.",
        ),
        click.option(
            "--no-color",
            "has_color",
            cls=HelpOption,
            flag_value=False,
            default=None,
            expose_value=False,
            callback=_remember("has_color"),
            help="Print without colours; NO_COLOR=1 does the same.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def json_option(function: Function) -> Function:
    """`--json`."""
    return click.option(
        "--json",
        "as_json",
        cls=HelpOption,
        flag_value=True,
        default=None,
        expose_value=False,
        callback=_remember("as_json"),
        help="Print JSON, as docs/report.md describes it, in place of text.",
    )(function)
