"""The files of a submission while they are read: what is taken in, what is left out and why, within limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grader.message import Message, msg
from grader.untrusted import clean

MAX_FILE_BYTES = 16 * 2**20
MAX_TOTAL_BYTES = 48 * 2**20
MAX_FILES = 2000
MAX_ENTRIES = 20_000
MAX_DEPTH = 12  # folders in each other
MAX_NAME_BYTES = 200  # what every file system can write again
MAX_REMARKS = 10
MAX_ALIKE = 3  # remarks of one reason
MAX_NOTEBOOK_BYTES = 64 * 2**20  # of one with its outputs, which are not kept
MAX_NOTEBOOKS_BYTES = 128 * 2**20  # of all notebooks with their outputs
NOTEBOOK_SUFFIX = ".ipynb"
TEXT_SUFFIXES = (".py", ".md", ".markdown", ".toml", NOTEBOOK_SUFFIX)
IGNORED_FOLDERS = frozenset(
    {"__pycache__", "__MACOSX", "node_modules", "venv", "env", "site-packages"}
)  # and every folder whose name begins with a dot

_UNOPENED = {
    ".zip": msg("archives inside a submission are not opened; unpack it"),
    ".rar": msg("archives inside a submission are not opened; unpack it"),
    ".7z": msg("archives inside a submission are not opened; unpack it"),
    ".doc": msg("such documents are not read; write the answers into answers.md"),
    ".docx": msg("such documents are not read; write the answers into answers.md"),
    ".pdf": msg("such documents are not read; write the answers into answers.md"),
}


@dataclass(slots=True)
class Collection:
    """What has been read so far, and what was remarked."""

    files: dict[str, bytes] = field(default_factory=dict)
    unreadable: dict[str, Message] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)
    _remarks: list[Message] = field(default_factory=list)
    _reasons: list[Message] = field(default_factory=list)
    _unsaid: int = 0
    _total: int = 0
    _notebooks_total: int = 0

    @property
    def remarks(self) -> tuple[Message, ...]:
        """What was remarked: the first remarks, and how many more there are."""
        if not self._unsaid:
            return tuple(self._remarks)
        return (*self._remarks, msg("{count} more remarks like these are not shown.", count=self._unsaid))

    def leave_out(self, path: str, reason: Message) -> None:
        """Note a file that does not count, and why; its exercise tells the student."""
        shown = clean(path, 120)
        if len(self.unreadable) < MAX_FILES:
            self.unreadable[shown] = reason
        self._remark(msg("{file} was left out: {reason}", file=shown, reason=reason), reason)

    def accepts(self, path: str, size: int) -> bool:
        """Whether a file of this name and size is within the limits; leaves it out otherwise."""
        reason = self._objection(PurePosixPath(path), size)
        if reason is not None:
            self.leave_out(path, reason)
        return reason is None

    def add(self, path: str, content: bytes) -> None:
        """Take a file in; text is brought to UTF-8, of a notebook only the text of its cells is kept."""
        if is_notebook(path):
            self._add_notebook(path, content)
            return
        self._total += len(content)
        if is_text(path):
            content_or_reason = self._as_utf8(path, content)
            if isinstance(content_or_reason, Message):
                self.leave_out(path, content_or_reason)
                return
            content = content_or_reason
        self._keep(path, content)

    def _keep(self, path: str, content: bytes) -> None:
        self.files[path] = content
        self._folders.update(map(str, PurePosixPath(path).parents))

    def _add_notebook(self, path: str, content: bytes) -> None:
        from grader.notebook.document import UnreadableNotebookError, read_document
        from grader.notebook.notebook import Notebook

        self._notebooks_total += len(content)
        try:
            document = read_document(content)
        except UnreadableNotebookError as problem:
            self.leave_out(path, problem.reason)
            return
        kept = document.to_bytes()
        self._total += len(kept)
        self._keep(path, kept)
        notebook = Notebook(path, document)
        for remark in notebook.remarks:
            self._remark(remark, remark)
        for name, text in notebook.written.items():
            file = str(PurePosixPath(path).with_name(name))
            if file not in self.files:
                self._keep(file, text.encode("utf-8"))

    def _objection(self, path: PurePosixPath, size: int) -> Message | None:
        if any(not _is_writable_name(part) for part in path.parts):
            return msg("its name is not text, or longer than {count} bytes; rename it", count=MAX_NAME_BYTES)
        if len(path.parts) > MAX_DEPTH + 1:
            return too_deep()
        if str(path) in self.files:
            return msg("its name is there twice; the first one counts")
        if str(path) in self._folders or any(str(parent) in self.files for parent in path.parents):
            return msg("a file and a folder have the same name; rename one")
        if path.suffix.lower() in _UNOPENED:
            return _UNOPENED[path.suffix.lower()]
        if size > most_bytes(path.name):
            mib = most_bytes(path.name) // 2**20
            return msg("it has {size} MiB, more than the {mib} MiB of one file", size=size // 2**20, mib=mib)
        if is_notebook(path.name) and self._notebooks_total + size > MAX_NOTEBOOKS_BYTES:
            mib = MAX_NOTEBOOKS_BYTES // 2**20
            return msg("its notebooks have more than {mib} MiB; clear their outputs and save them again", mib=mib)
        kept = 0 if is_notebook(path.name) else size
        if self._total + kept > MAX_TOTAL_BYTES or len(self.files) >= MAX_FILES:
            mib = MAX_TOTAL_BYTES // 2**20
            return msg("the submission is larger than {mib} MiB or {files} files", mib=mib, files=MAX_FILES)
        return None

    def _as_utf8(self, path: str, content: bytes) -> bytes | Message:
        from grader.answers.encoding import decode
        from grader.answers.source import Unreadable

        text = decode(content)
        if isinstance(text, Unreadable):
            return text.message
        for remark in text.remarks:
            self._remark(msg("{file}: {remark}", file=clean(path, 120), remark=remark), remark)
        return text.value.encode("utf-8")

    def _remark(self, message: Message, reason: Message) -> None:
        if len(self._remarks) < MAX_REMARKS and self._reasons.count(reason) < MAX_ALIKE:
            self._remarks.append(message)
            self._reasons.append(reason)
        else:
            self._unsaid += 1


def is_text(path: str) -> bool:
    """Whether it is a file that exercises ask for; such files are read first, before ballast uses up the limits."""
    return path.lower().endswith(TEXT_SUFFIXES)


def is_notebook(path: str) -> bool:
    """Whether a file of this name is a notebook."""
    return path.lower().endswith(NOTEBOOK_SUFFIX)


def most_bytes(path: str) -> int:
    """How large a file of this name may be."""
    return MAX_NOTEBOOK_BYTES if is_notebook(path) else MAX_FILE_BYTES


def is_ignored(folder: str) -> bool:
    """Whether a folder of this name holds nothing that was written for the homework."""
    return folder in IGNORED_FOLDERS or (folder.startswith(".") and folder not in (".", ".."))


def is_hidden(file: str) -> bool:
    """Whether a file of this name is the system's, not the student's."""
    return file.startswith(".")


def too_deep() -> Message:
    """Why what lies below very many folders is left out."""
    return msg("it lies more than {count} folders deep", count=MAX_DEPTH)


def not_a_file() -> Message:
    """Why a link, a pipe or a device is left out."""
    return msg("it is a link or a device, not a file; put the file itself there")


def _is_writable_name(name: str) -> bool:
    try:
        return len(name.encode("utf-8")) <= MAX_NAME_BYTES and "\0" not in name
    except UnicodeEncodeError:  # bytes that are no text in any encoding that we know
        return False
