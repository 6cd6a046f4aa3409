"""Read a folder or a zip into a `Submission`: bounded, without following links, without trusting a single name."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.errors import EmptySubmissionError, SubmissionError
from grader.intake.submission import Submission
from grader.message import Message, msg
from grader.untrusted import clean

MAX_FILE_BYTES = 16 * 2**20
MAX_TOTAL_BYTES = 48 * 2**20
MAX_FILES = 2000
MAX_DEPTH = 12
MAX_REMARKS = 20
TEXT_SUFFIXES = (".py", ".md", ".markdown", ".toml")
IGNORED_FOLDERS = frozenset(
    {"__pycache__", "__MACOSX", "node_modules", "venv", "env", "site-packages"}
)  # and every folder whose name begins with a dot


@dataclass(slots=True)
class _Intake:
    """What has been read so far, and what was remarked."""

    files: dict[str, bytes] = field(default_factory=dict)
    remarks: list[Message] = field(default_factory=list)
    unreadable: dict[str, Message] = field(default_factory=dict)
    total: int = 0

    def leave_out(self, path: str, reason: Message) -> None:
        """Note a file that does not count, and why; its exercise tells the student."""
        shown = clean(path, 120)
        self.unreadable[shown] = reason
        if len(self.remarks) < MAX_REMARKS:
            self.remarks.append(msg("{file} was left out: {reason}", file=shown, reason=reason))

    def accepts(self, path: str, size: int) -> bool:
        """Whether a file of this size is still within the limits; leaves it out otherwise."""
        if size > MAX_FILE_BYTES:
            mib = MAX_FILE_BYTES // 2**20
            self.leave_out(
                path, msg("it has {size} MiB, more than the {mib} MiB of one file", size=size // 2**20, mib=mib)
            )
        elif self.total + size > MAX_TOTAL_BYTES or len(self.files) >= MAX_FILES:
            self.leave_out(
                path,
                msg(
                    "the submission is larger than {mib} MiB or {files} files",
                    mib=MAX_TOTAL_BYTES // 2**20,
                    files=MAX_FILES,
                ),
            )
        else:
            return True
        return False

    def add(self, path: str, content: bytes) -> None:
        """Take a file in; text is brought to UTF-8."""
        self.total += len(content)
        if path.lower().endswith(TEXT_SUFFIXES):
            content_or_reason = self._as_utf8(path, content)
            if isinstance(content_or_reason, Message):
                self.leave_out(path, content_or_reason)
                return
            content = content_or_reason
        self.files[path] = content

    def _as_utf8(self, path: str, content: bytes) -> bytes | Message:
        from grader.answers.encoding import decode
        from grader.answers.source import Unreadable

        text = decode(content)
        if isinstance(text, Unreadable):
            return text.message
        self.remarks += [msg("{file}: {remark}", file=clean(path, 120), remark=remark) for remark in text.remarks]
        return text.value.encode("utf-8")


def read_submission(path: Path) -> Submission:
    """Read what a student hands in.

    Args:
        path: A folder, a zip, or a single .py or .md file.

    Raises:
        SubmissionError: There is nothing there that could be graded.
    """
    intake = _Intake()
    if not os.path.lexists(path):
        raise SubmissionError(
            msg("{path}: there is no such file or folder; give the folder of your solution", path=str(path))
        )
    if path.is_dir():
        _read_folder(path, intake)
    elif zipfile.is_zipfile(path):
        _read_zip(path, intake)
    elif path.suffix.lower() == ".ipynb":
        raise SubmissionError(
            msg("{path}: notebooks are not read yet; export it as a Python file and give its folder", path=str(path))
        )
    elif path.suffix.lower() in (".py", ".md") and path.is_file():
        if intake.accepts(path.name, path.stat().st_size):
            intake.add(path.name, path.read_bytes())
    else:
        raise SubmissionError(msg("{path}: expected a folder or a zip, found another kind of file", path=str(path)))
    if not intake.files and not intake.unreadable:
        raise EmptySubmissionError(
            msg(
                "{path}: it is empty; expected answers.md and the Python files of the template (grade init)",
                path=str(path),
            )
        )
    return Submission(_without_wrapper(intake.files), tuple(intake.remarks), intake.unreadable)


def _read_folder(folder: Path, intake: _Intake) -> None:
    try:
        entries = sorted(_walk(folder, PurePosixPath(), 0))
    except PermissionError as error:
        raise SubmissionError(msg("{path}: cannot be read: {error}", path=str(folder), error=str(error))) from None
    for name, path in entries:
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                intake.leave_out(name, msg("it is a link or a device, not a file"))
            elif intake.accepts(name, status.st_size):
                intake.add(name, _read_regular(path))
        except OSError as error:
            intake.leave_out(name, msg("it cannot be read: {error}", error=error.strerror or "?"))


def _walk(folder: Path, below: PurePosixPath, depth: int) -> Iterator[tuple[str, Path]]:
    if depth > MAX_DEPTH:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not _is_ignored(entry.name):
                    yield from _walk(Path(entry.path), below / entry.name, depth + 1)
            elif not _is_hidden(entry.name):
                yield str(below / entry.name), Path(entry.path)


def _read_regular(path: Path) -> bytes:
    """Read a file that must still be the regular file that was looked at: no link, no pipe put in its place."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(0, "not a regular file")
        return stream.read(MAX_FILE_BYTES + 1)[:MAX_FILE_BYTES]


def _read_zip(path: Path, intake: _Intake) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > 4 * MAX_FILES:
                raise SubmissionError(
                    msg(
                        "{path}: the zip has {count} entries; more than a submission has",
                        path=str(path),
                        count=len(members),
                    )
                )
            for member in sorted(members, key=lambda member: member.filename):
                _read_member(archive, member, intake)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
        raise SubmissionError(
            msg("{path}: the zip is damaged: {error}", path=str(path), error=clean(str(error)))
        ) from None


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, intake: _Intake) -> None:
    name = _member_name(member)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if member.is_dir() or any(_is_ignored(part) for part in parts[:-1]) or (parts and _is_hidden(parts[-1])):
        return
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0] or len(parts) > MAX_DEPTH:
        intake.leave_out(name, msg("its path leads out of the submission"))
        return
    path = "/".join(parts)
    if stat.S_ISLNK(member.external_attr >> 16):
        intake.leave_out(name, msg("it is a link or a device, not a file"))
    elif member.flag_bits & 0x1:
        intake.leave_out(name, msg("it is encrypted; hand in a zip without a password"))
    elif path in intake.files:
        intake.leave_out(name, msg("the zip holds it twice; the first one counts"))
    elif intake.accepts(name, member.file_size):
        with archive.open(member) as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if intake.accepts(name, len(content)):  # the size in the directory was only a claim
            intake.add(path, content)


def _member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member; zips made on Chinese Windows hold GBK where the standard says CP437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _without_wrapper(files: dict[str, bytes]) -> dict[str, bytes]:
    """Drop folders that wrap everything, as zips of a folder have."""
    while files and all("/" in path for path in files):
        tops = {path.split("/", 1)[0] for path in files}
        if len(tops) != 1:
            break
        files = {path.split("/", 1)[1]: content for path, content in files.items()}
    return files


def _is_ignored(name: str) -> bool:
    return name in IGNORED_FOLDERS or (name.startswith(".") and name not in (".", ".."))


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
