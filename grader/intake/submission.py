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
    from grader.notebook.notebook import Notebook

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
        if said is None:
            said = next((notebook.document.student for notebook in self.notebooks.values()), None)
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
        """Every Python file, parsed, and the program of every notebook."""
        files = {
            path: parse(self.files[path].decode("utf-8"), path) for path in sorted(self.files) if path.endswith(".py")
        }
        return files | {path: notebook.source for path, notebook in self.notebooks.items()}

    @cached_property
    def notebooks(self) -> Mapping[str, Notebook]:
        """Every notebook, as its cells."""
        names = [name for name in sorted(self.files) if name.lower().endswith(".ipynb")]
        if not names:
            return {}
        from grader.notebook.document import read_document
        from grader.notebook.notebook import Notebook

        return {name: Notebook(name, read_document(self.files[name])) for name in names}

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """Every Markdown file that may hold answers, answers.md first; then the text cells of the notebooks."""
        from grader.answers.sheet import read_sheet

        names = [name for name in self.files if name.lower().endswith((".md", ".markdown")) and not _is_readme(name)]
        names.sort(key=lambda name: (name.rsplit("/", 1)[-1].lower() != SHEET_FILE, name.count("/"), name))
        files = tuple(read_sheet(self.files[name].decode("utf-8")) for name in names)
        return (*files, *(notebook.sheet for notebook in self.notebooks.values()))

    def find(self, preferred: str, names: tuple[str, ...]) -> str | Message:
        """The file that defines these names: the preferred one, else the only other one; or a sentence why not.

        A file that leaves them unwritten, as the template does, gives way to those that do not.
        """
        defining = [path for path, source in self.sources.items() if source.defines() >= set(names)]
        if len(defining) > 1:
            defining = [path for path in defining if not self.sources[path].leaves_unwritten() & set(names)] or defining
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
        """Write every file below a folder of ours, for a guest to read; of a notebook its program."""
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.notebooks[path].code.text.encode("utf-8") if path in self.notebooks else content)

    def _why_not(self, preferred: str, names: tuple[str, ...]) -> Message:
        wanted = ", ".join(names)
        for path, reason in self.unreadable.items():
            if path.rsplit("/", 1)[-1] == preferred or path.lower().endswith(".ipynb"):
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
        for notebook in self.notebooks.values():
            if (part := notebook.left_out_for(names)) is not None:
                place, line = notebook.where(part.line)
                return msg(
                    "{file}, line {line} is not Python ({reason}), so that part of the cell was left out.",
                    file=place,
                    line=line,
                    reason=part.reason,
                )
        if self.notebooks and not any(path.endswith(".py") for path in self.files):
            files = ", ".join(notebook.shown for notebook in self.notebooks.values())
            return msg("Expected a cell of {file} that defines {names}.", file=files, names=wanted)
        return Message(NO_FILE, {"file": preferred, "names": wanted})


def _is_readme(name: str) -> bool:
    return name.rsplit("/", 1)[-1].lower().startswith("readme")
