"""A submission as plain files in memory: what is there, who handed it in, what was remarked on the way."""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grader.message import Message, msg, verbatim
from grader.sandbox.source import Source, parse
from grader.untrusted import clean

if TYPE_CHECKING:
    from grader.answers.sheet import Sheet

STUDENT_FILE = "grade.toml"
SHEET_FILE = "answers.md"
NO_FILE = msg("Expected a file {file} that defines {names}.").text


@dataclass(frozen=True)
class Submission:
    """The files of a submission by their paths, Python and Markdown as UTF-8 text whatever they were saved in."""

    files: Mapping[str, bytes]
    remarks: tuple[Message, ...] = ()
    unreadable: Mapping[str, Message] = field(default_factory=dict)  # files that are there but are no text

    @cached_property
    def digest(self) -> str:
        """Sha256 over the sorted paths and contents."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            content = self.files[path]
            digest.update(f"{len(path.encode())}:{path}:{len(content)}:".encode())
            digest.update(content)
        return digest.hexdigest()

    @cached_property
    def student(self) -> str | None:
        """The student's id as `grade init --student` wrote it, or None."""
        said = self._said_student
        return said if isinstance(said, str) else None

    @property
    def student_problem(self) -> Message | None:
        """Why grade.toml does not say who hands in, though it is there."""
        said = self._said_student
        if not isinstance(said, Message):
            return None
        return msg(
            '{file} does not say who hands in: {reason}; expected one line, student = "2024001" with your own number.',
            file=STUDENT_FILE,
            reason=said,
        )

    @cached_property
    def _said_student(self) -> str | Message | None:
        if STUDENT_FILE not in self.files:
            return None
        try:
            student = tomllib.loads(self.files[STUDENT_FILE].decode("utf-8")).get("student")
            if type(student) is int:
                student = str(student)  # the quotes were forgotten, and nothing else
        except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of thousands of digits
            return verbatim(clean(str(error)))
        if not isinstance(student, str) or not student.strip():
            return msg("it has no text under student")
        return student

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every Python file, parsed."""
        return {
            path: parse(self.files[path].decode("utf-8"), path) for path in sorted(self.files) if path.endswith(".py")
        }

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every Markdown file that may hold answers; answers.md first."""
        from grader.answers.sheet import read_sheet

        names = [name for name in self.files if name.lower().endswith((".md", ".markdown")) and not _is_readme(name)]
        names.sort(key=lambda name: (name.rsplit("/", 1)[-1].lower() != SHEET_FILE, name.count("/"), name))
        return tuple(read_sheet(self.files[name].decode("utf-8")) for name in names)

    def find(self, preferred: str, names: tuple[str, ...]) -> str | Message:
        """The file that defines these names: the preferred one, else the only other one; or a sentence why not."""
        defining = [path for path, source in self.sources.items() if source.defines() >= set(names)]
        for path in defining:
            if path.rsplit("/", 1)[-1] == preferred:
                return path
        if len(defining) == 1:
            return defining[0]
        if defining:
            return msg(
                "Several files define it ({files}); keep it in {file} only.",
                files=", ".join(map(clean, defining)),
                file=preferred,
            )
        return self._why_not(preferred, names)

    def write(self, folder: Path) -> None:
        """Write every file below a folder of ours, for a guest to read."""
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def _why_not(self, preferred: str, names: tuple[str, ...]) -> Message:
        wanted = ", ".join(names)
        for path, reason in self.unreadable.items():
            if path.rsplit("/", 1)[-1] == preferred:
                return msg("{file} cannot be read: {reason}", file=path, reason=reason)
        for path, source in self.sources.items():
            if path.rsplit("/", 1)[-1] == preferred:
                if source.left_out:
                    block = source.left_out[0]
                    return msg(
                        "{file}, line {line} is not Python ({reason}), so lines {first} to {last} were left out.",
                        file=path,
                        line=block.line,
                        reason=block.reason,
                        first=block.first,
                        last=block.last,
                    )
                near = difflib.get_close_matches(names[0], source.defines(), 1) if len(names) == 1 else []
                if near:
                    return msg(
                        "{file} defines {near}, not {names}; keep the name that the template has.",
                        file=path,
                        near=near[0],
                        names=wanted,
                    )
                return msg(
                    "{file} does not define {names}; keep the name that the template has.", file=path, names=wanted
                )
        return Message(NO_FILE, {"file": preferred, "names": wanted})


def _is_readme(name: str) -> bool:
    return name.rsplit("/", 1)[-1].lower().startswith("readme")
