"""A source of submissions as a tree of names: a folder or a download zip, listed without being unpacked or followed."""

from __future__ import annotations

import contextlib
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from grader.errors import SubmissionError
from grader.intake import Submission, read_submission
from grader.intake.archive import member_name
from grader.intake.collection import MAX_FILE_BYTES, MAX_TOTAL_BYTES
from grader.message import Message, msg
from grader.sandbox.scratch import scratch_folder
from grader.untrusted import clean

MAX_ENTRIES = 200_000  # of one download zip
MAX_DEPTH = 12
IGNORED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})  # and every name that begins with a dot
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a tree: its path from the root, what it is, when it was last changed."""

    path: str
    is_folder: bool
    changed_at: datetime | None
    is_link: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """The suffix in lower case; a folder has none."""
        return "" if self.is_folder else PurePosixPath(self.name).suffix.lower()


class Tree(Protocol):
    """Where submissions lie."""

    root: Path

    def children(self, folder: str = "") -> Sequence[Entry]:
        """What stands in a folder, by name, without hidden files."""
        ...

    def text(self, path: str, limit: int) -> bytes:
        """The content of a small file."""
        ...

    def changed_at(self, entry: Entry) -> datetime | None:
        """When the newest file in an entry was changed."""
        ...

    def read(self, paths: Mapping[str, str]) -> Submission:
        """The submission that consists of these entries, each under the name that its student gave it.

        Raises:
            SubmissionError: As for `read_submission`.
        """
        ...


class FolderTree:
    """A folder on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def children(self, folder: str = "") -> Sequence[Entry]:
        """What stands in a folder, by name, without hidden files."""
        found = []
        with os.scandir(self.root / folder) as entries:
            for entry in entries:
                if not _is_ignored(entry.name):
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    is_folder = entry.is_dir(follow_symlinks=False)
                    changed_at = _time(entry.stat(follow_symlinks=False).st_mtime)
                    found.append(Entry(path, is_folder, changed_at, entry.is_symlink()))
        return sorted(found, key=lambda entry: entry.path)

    def text(self, path: str, limit: int) -> bytes:
        """The content of a small file."""
        with (self.root / path).open("rb") as stream:
            return stream.read(limit)

    def changed_at(self, entry: Entry) -> datetime | None:
        """When the newest file in an entry was changed."""
        if not entry.is_folder:
            return entry.changed_at
        times = []
        for folder, folders, files in os.walk(self.root / entry.path):
            folders[:] = [name for name in folders if not _is_ignored(name)]
            for name in files:
                with contextlib.suppress(OSError):
                    times.append((Path(folder) / name).lstat().st_mtime)
        return _time(max(times)) if times else entry.changed_at

    def read(self, paths: Mapping[str, str]) -> Submission:
        """The submission that consists of these entries."""
        return read_together([(name, self.root / path) for path, name in paths.items()])


class ZipTree:
    """A download zip."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._folders: dict[str, dict[str, Entry]] = {"": {}}
        try:
            with zipfile.ZipFile(root) as archive:
                members = archive.infolist()
        except ZIP_ERRORS as error:
            raise SubmissionError(
                msg("{path}: the zip is damaged: {error}", path=clean(str(root)), error=clean(str(error)))
            ) from None
        for member in members[:MAX_ENTRIES]:
            self._add(member)

    def children(self, folder: str = "") -> Sequence[Entry]:
        """What stands in a folder, by name, without hidden files."""
        return sorted(self._folders.get(folder, {}).values(), key=lambda entry: entry.path)

    def text(self, path: str, limit: int) -> bytes:
        """The content of a small file."""
        with zipfile.ZipFile(self.root) as archive, archive.open(self._members[path]) as stream:
            return stream.read(limit)

    def changed_at(self, entry: Entry) -> datetime | None:
        """When the newest file in an entry was changed."""
        times = [_member_time(self._members[path]) for path in self._below(entry.path)]
        return max((time for time in times if time is not None), default=entry.changed_at)

    def read(self, paths: Mapping[str, str]) -> Submission:
        """The submission that consists of these entries, unpacked for as long as it is read."""
        try:
            with scratch_folder() as folder, zipfile.ZipFile(self.root) as archive:
                total = 0
                for path in (below for top in paths for below in self._below(top)):
                    total += _unpack(archive, self._members[path], folder / path, MAX_TOTAL_BYTES - total)
                return read_together([(name, folder / path) for path, name in paths.items()])
        except ZIP_ERRORS as error:
            raise SubmissionError(
                msg("{path}: the zip is damaged: {error}", path=clean(next(iter(paths))), error=clean(str(error)))
            ) from None

    def _below(self, path: str) -> Iterator[str]:
        if path in self._members:
            yield path
        for entry in self.children(path):
            yield from self._below(entry.path)

    def _add(self, member: zipfile.ZipInfo) -> None:
        parts = PurePosixPath(member_name(member).replace("\\", "/")).parts
        if not parts or ".." in parts or parts[0] == "/" or len(parts) > MAX_DEPTH:
            return
        if any(_is_ignored(part) for part in parts):
            return
        changed_at = _member_time(member)
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            is_folder = depth < len(parts) or member.is_dir()
            before = self._folders.setdefault("/".join(parts[: depth - 1]), {})
            if is_folder:
                self._folders.setdefault(path, {})
            known = before.get(path)
            if known is None:
                is_link = not is_folder and stat.S_ISLNK(member.external_attr >> 16)
                before[path] = Entry(path, is_folder, changed_at, is_link)
            elif is_folder and not known.is_folder:
                before[path] = replace(known, is_folder=True)
        if not member.is_dir():
            self._members.setdefault("/".join(parts), member)


def open_tree(source: Path) -> Tree:
    """The tree of a source.

    Raises:
        SubmissionError: It is a zip that cannot be read.
    """
    return FolderTree(source) if source.is_dir() else ZipTree(source)


def read_together(paths: Sequence[tuple[str, Path]]) -> Submission:
    """Read what one student handed in: a file, a folder, a zip, or several of them; zips in a folder are opened.

    Args:
        paths: Names and places; a single file counts under its name here.

    Raises:
        SubmissionError: As for `read_submission`, when nothing of it can be read.
    """
    parts: list[tuple[str, Path]] = []
    for name, path in paths:
        zips = _zips_in(path)
        parts += [(zipped.name, zipped) for zipped in zips]
        if not zips or _holds_more(path, zips):
            parts.append((name, path))
    if len(parts) == 1 and parts[0][1].suffix.lower() == ".zip":
        return read_submission(parts[0][1])
    files: dict[str, bytes] = {}
    remarks: list[Message] = []
    unreadable: dict[str, Message] = {}
    problem: SubmissionError | None = None
    for name, path in parts:
        try:
            part = read_submission(path)
        except SubmissionError as error:
            problem = problem or error
            unreadable[clean(name, 120)] = error.message
            continue
        below = {path.name: name} if path.is_file() else {}
        prefix = f"{Path(name).stem}/" if path.suffix.lower() == ".zip" else ""
        files |= {prefix + below.get(file, file): content for file, content in part.files.items()}
        unreadable |= {prefix + below.get(file, file): reason for file, reason in part.unreadable.items()}
        remarks += part.remarks
    if not files and problem is not None:
        raise problem
    return Submission(files, tuple(remarks), unreadable)


def _zips_in(path: Path) -> list[Path]:
    if not path.is_dir() or path.is_symlink():
        return []
    found = [file for file in sorted(path.iterdir()) if file.suffix.lower() == ".zip" and not _is_ignored(file.name)]
    return [file for file in found if file.is_file() and not file.is_symlink()]


def _holds_more(path: Path, zips: Sequence[Path]) -> bool:
    return any(entry not in zips and not _is_ignored(entry.name) for entry in path.iterdir())


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write a member to a file of ours; what is too large becomes a file of its size, for the intake to refuse."""
    limit = MAX_TOTAL_BYTES if target.suffix.lower() == ".zip" else MAX_FILE_BYTES
    target.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(member.external_attr >> 16):
        return 0
    if member.flag_bits & 0x1:
        raise zipfile.BadZipFile("it is encrypted")
    with target.open("wb") as written:
        if member.file_size > min(limit, left):
            written.truncate(limit + 1)
            return 0
        with archive.open(member) as stream:
            return written.write(stream.read(min(limit, left) + 1))


def _is_ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(".")


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _member_time(member: zipfile.ZipInfo) -> datetime | None:
    """The time of a member; zips say no zone, so it is taken as universal time, alike for all."""
    try:
        return datetime(*member.date_time, tzinfo=UTC)
    except ValueError:
        return None
