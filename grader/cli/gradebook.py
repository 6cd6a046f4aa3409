"""What the commands of the gradebook share: where it is, and opening it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from grader.cli.help import HelpOption
from grader.errors import GraderError
from grader.message import Message, msg

if TYPE_CHECKING:
    from grader.gradebook import Gradebook
    from grader.gradebook.review import Wish

Function = TypeVar("Function", bound=Callable[..., Any])

BOOK_VARIABLE = "GRADE_BOOK"
DEFAULT_BOOK = "course.db"


def book_option(function: Function) -> Function:
    """`--book`, passed as `where`; it may stand before or after the second verb."""
    return click.option(
        "--book",
        "where",
        cls=HelpOption,
        metavar="FILE|URL",
        help="The gradebook: a file, or postgresql://...; without it, $GRADE_BOOK, else course.db.",
    )(function)


def open_book(context: click.Context, *, create: bool = False) -> Gradebook:
    """The gradebook that `--book`, the environment or the default names."""
    import os

    from grader.gradebook import Gradebook

    asked = (place.params.get("where") for place in (context, context.parent) if place is not None)
    where = next(filter(None, asked), None) or os.environ.get(BOOK_VARIABLE) or DEFAULT_BOOK
    return Gradebook.open(where, create=create)


def enter(book: Gradebook, wished: Iterable[Wish]) -> list[Message]:
    """Enter marks by hand, or say for each that cannot be given why; then none is entered."""
    from grader.gradebook.review import understand

    table, now = book.table(), datetime.now().astimezone()
    found = [understand(table, wish, now) for wish in wished]
    problems = [mark for mark in found if isinstance(mark, Message)]
    if not problems:
        book.review(mark for mark in found if not isinstance(mark, Message))
    return problems


def read_file(path: Path) -> bytes:
    """The bytes of a file that the command line names."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise GraderError(
            msg("{file}: cannot be read: {error}", file=str(path), error=error.strerror or str(error))
        ) from None


def write_file(path: Path, content: bytes) -> None:
    """Write a file that the command line names, all of it or nothing."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
            draft = Path(stream.name)
            try:
                stream.write(content)
                stream.flush()
                draft.chmod(0o644)
                draft.replace(path)
            except OSError:
                draft.unlink()
                raise
    except OSError as error:
        raise GraderError(
            msg("{file}: cannot be written: {error}", file=str(path), error=error.strerror or str(error))
        ) from None
