"""Help pages in the language of the run, with lines that also break between Chinese characters.

Help texts stand in English beside their commands and are keys of the catalogue, as every sentence is.
click's own words go through gettext too; `click_speaks` points it to our catalogue, which holds those of
`grader.catalogue.CLICK_TEXTS`.
"""

from __future__ import annotations

import contextlib
import copy
import gettext
import inspect
import os
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import click

from grader.answers.source import display_width
from grader.i18n import GRADER_DOMAIN, GRADER_LOCALE, LANGUAGES
from grader.message import Translate
from grader.report.layout import pad, wrap

Part = TypeVar("Part", click.Command, click.Option)


@contextlib.contextmanager
def click_speaks(language: str) -> Iterator[None]:
    """Let click's own sentences come from our catalogue; afterwards all is as before."""
    before, domain = os.environ.get("LANGUAGE"), gettext.textdomain()
    gettext.bindtextdomain(GRADER_DOMAIN, str(GRADER_LOCALE))
    gettext.textdomain(GRADER_DOMAIN)
    os.environ["LANGUAGE"] = LANGUAGES[language]
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before


def key(help_text: str) -> str:
    """A help text as the catalogue holds it."""
    return inspect.cleandoc(help_text)


class HelpOption(click.Option):
    """An option whose help is translated when it is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The two columns of the option's help."""
        return click.Option.get_help_record(_translated(self), ctx)


class HelpCommand(click.Command):
    """A command whose help is translated when it is shown."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the translated help."""
        click.Command.format_help_text(_translated(self), ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """`--help`; click translates its text once, when the option is made, so it is set anew."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = translate_help("Show this message and exit.")
        return option

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first line of the translated help, whole."""
        return (_translated(self).help or "").split("\n")[0].rstrip("。.")


class HelpGroup(HelpCommand, click.Group):
    """A command with commands of its own."""


class HelpFormatter(click.HelpFormatter):
    """Wraps by columns of the screen; a paragraph that begins with a blank stays as it is."""

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        paragraphs = []
        for paragraph in text.split("\n\n"):
            lines = paragraph.split("\n")
            if not paragraph.startswith(" "):
                lines = wrap(_joined(lines), self.width - self.current_indent)
            paragraphs.append("\n".join(f"{indent}{line}".rstrip() for line in lines))
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms and their descriptions in two columns."""
        rows = list(rows)
        column = min(max(display_width(term) for term, _ in rows), col_max)
        left = self.current_indent + column + col_spacing
        for term, description in rows:
            first, *rest = wrap(_joined(description.split("\n")), max(self.width - left, 10))
            start = " " * self.current_indent
            if display_width(term) <= column:
                self.write(f"{start}{pad(term, column)}{' ' * col_spacing}{first}".rstrip() + "\n")
            else:
                self.write(f"{start}{term}\n{' ' * left}{first}\n")
            for line in rest:
                self.write(f"{' ' * left}{line}\n")


def translate_help(text: str) -> str:
    """A help text in the language of this run."""
    from grader.cli.session import Session

    translate: Translate = Session.current().translate
    return translate(key(text))


def _translated(part: Part) -> Part:
    """A copy whose help is in the language of this run."""
    copied: Any = copy.copy(part)
    copied.help = translate_help(part.help) if part.help else part.help
    return copied  # type: ignore[no-any-return]


def _joined(lines: list[str]) -> str:
    """The lines of a paragraph as one; no blank is put between two Chinese characters."""
    text = ""
    for line in lines:
        is_chinese = bool(text) and display_width(text[-1]) == 2 and display_width(line[:1]) == 2
        text += ("" if is_chinese or not text else " ") + line.strip()
    return text
