"""Read a folder: no link is followed, no pipe waited for, and what cannot be read is left out alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError
from grader.intake.collection import (
    MAX_DEPTH,
    MAX_ENTRIES,
    Collection,
    is_hidden,
    is_ignored,
    is_text,
    most_bytes,
    not_a_file,
    too_deep,
)
from grader.message import Message, msg


def read_folder(folder: Path, collection: Collection) -> None:
    """Take in the files below a folder, those that exercises ask for first.

    Raises:
        SubmissionError: The folder itself cannot be read, or holds more files than a submission has.
    """
    found: list[tuple[str, Path]] = []
    for name, path in _walk(folder, PurePosixPath(), 0, collection):
        found.append((name, path))
        if len(found) > MAX_ENTRIES:
            raise SubmissionError(
                msg(
                    "{path}: it holds more than {count} files, more than a submission has; give the folder of your "
                    "solution",
                    path=str(folder),
                    count=MAX_ENTRIES,
                )
            )
    for name, path in sorted(found, key=lambda entry: (not is_text(entry[0]), entry[0])):
        read_file(path, name, collection)


def read_file(path: Path, name: str, collection: Collection) -> None:
    """Take in one file under this name, or note why not."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            collection.leave_out(name, not_a_file())
        elif collection.accepts(name, status.st_size):
            collection.add(name, _read_regular(path))
    except OSError as error:
        collection.leave_out(name, _unreadable(error))


def _walk(folder: Path, below: PurePosixPath, depth: int, collection: Collection) -> Iterator[tuple[str, Path]]:
    try:
        with os.scandir(folder) as scan:
            entries = list(scan)
    except OSError as error:
        if not below.parts:
            raise SubmissionError(msg("{path}: {reason}", path=str(folder), reason=_unreadable(error))) from None
        collection.leave_out(f"{below}/", _unreadable(error))
        return
    for entry in entries:
        name = below / _as_text(entry.name)
        if not entry.is_dir(follow_symlinks=False):
            if not is_hidden(entry.name):
                yield str(name), Path(entry.path)
        elif not is_ignored(entry.name):
            if depth == MAX_DEPTH:
                collection.leave_out(f"{name}/", too_deep())
            else:
                yield from _walk(Path(entry.path), name, depth + 1, collection)


def _as_text(name: str) -> str:
    """A file's name; bytes that are not UTF-8 are taken for GBK, which old Chinese systems write."""
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return os.fsencode(name).decode("gb18030")
    except UnicodeDecodeError:
        return name


def _read_regular(path: Path) -> bytes:
    """Read a file that must still be the regular file that was looked at: no link, no pipe put in its place."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(0, "not a regular file")
        return stream.read(most_bytes(path.name))


def _unreadable(error: OSError) -> Message:
    return msg("it cannot be read: {error}", error=error.strerror or str(error))
