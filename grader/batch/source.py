"""What lies in the sources of a batch: one `Found` a submission, recognised by how download zips name things.

    a folder             one submission each: its folders, its zips, its files (.py, .md, .ipynb)
    a folder or a zip    that holds answers.md or a file which the course asks for: one submission itself
    a download           of Canvas, Moodle, Gradescope, GitHub Classroom or nbgrader, zipped or unpacked: see `naming`

Nothing is read here but names, times and Gradescope's metadata.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from grader.batch import naming
from grader.batch.naming import Clue, Named
from grader.batch.tree import Entry, FolderTree, Tree, ZipTree, open_tree
from grader.errors import GraderError, SubmissionError
from grader.exercise import Course
from grader.intake import Submission
from grader.intake.submission import SHEET_FILE, STUDENT_FILE
from grader.message import Message, msg
from grader.untrusted import clean

GRADED_SUFFIXES = frozenset({".py", ".md", ".markdown", ".ipynb"})
OUR_SUFFIXES = frozenset({".csv", ".db", ".db-wal", ".db-shm", ".json", ".xlsx", ".toml", ".yml", ".log"})
MAX_METADATA_BYTES = 256 * 2**20
MAX_KEY = 160


@dataclass(frozen=True)
class Found:
    """One submission: where it lies, whose it may be, when it came.

    Attributes:
        key: A name for people, different for each submission of a batch.
        problem: Why it cannot be read, as far as its name tells that.
    """

    key: str
    clue: Clue
    tree: Tree
    paths: Mapping[str, str]  # where its parts lie in the tree, and how its student called them
    received_at: datetime | None = None
    is_late: bool = False
    problem: Message | None = None

    def read(self) -> Submission:
        """The submission.

        Raises:
            SubmissionError: It cannot be read; the sentence says why.
        """
        if self.problem is not None:
            raise SubmissionError(self.problem)
        try:
            return self.tree.read(self.paths)
        except SubmissionError as error:
            if self._is_gone():
                raise SubmissionError(msg("it was there when the batch began, and is gone")) from None
            said = error.message  # which names where it was unpacked, another place each time
            own = {"path": self.key} if "path" in said.args else {}
            raise type(error)(Message(said.text, {**said.args, **own})) from None

    def _is_gone(self) -> bool:
        root = self.tree.root
        return not (
            root.exists() if isinstance(self.tree, ZipTree) else any((root / path).exists() for path in self.paths)
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """The submissions of all sources, and what was noticed on the way."""

    found: tuple[Found, ...]
    remarks: tuple[Message, ...] = ()


def find(sources: Sequence[Path], course: Course, *, assignment: str | None = None) -> Findings:
    """Look through sources.

    Args:
        assignment: Which assignment of nbgrader's tree is meant, where it holds several.

    Raises:
        GraderError: A source does not exist, or nbgrader's tree holds several assignments and none was named.
    """
    expected = frozenset({SHEET_FILE, STUDENT_FILE, *(exercise.file for exercise in course.exercises if exercise.file)})
    found: list[Found] = []
    remarks: list[Message] = []
    for source in sources:
        if not source.exists():
            raise GraderError(
                msg(
                    "{path}: there is no such file or folder; give the folder or zip of all submissions",
                    path=str(source),
                )
            )
        if source.is_dir() or zipfile.is_zipfile(source):
            try:
                found += _Search(open_tree(source), expected, assignment, remarks).everything()
                continue
            except SubmissionError:
                pass  # a damaged zip is a submission that cannot be read; reading it will say why
            except OSError as error:
                remarks.append(msg("{path}: it cannot be read: {error}", path=clean(str(source)), error=_said(error)))
                continue
        found.append(_whole(source))
    return Findings(tuple(_with_own_keys(found)), tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Search:
    """One source being looked through."""

    tree: Tree
    expected: frozenset[str]
    assignment: str | None
    remarks: list[Message]

    def everything(self) -> Iterable[Found]:
        base, entries = "", self.tree.children()
        while True:  # down through folders that hold one folder, as unpacked downloads have
            found: Iterable[Found] | None
            for recognise in (self._gradescope, self._nbgrader, self._moodle, self._canvas, self._classroom):
                found = recognise(base, entries)
                if found is not None:
                    return found
            if self._is_submission(entries):
                root = self.tree.root
                return [_whole(root) if isinstance(self.tree, ZipTree) else self._own(Clue(text=root.name), {base: ""})]
            if (
                len(entries) != 1
                or not entries[0].is_folder
                or self._is_submission(self.tree.children(entries[0].path))
            ):
                break
            base, entries = entries[0].path, self.tree.children(entries[0].path)
        if self._is_class(entries):
            return self._plain(entries)
        if isinstance(self.tree, ZipTree):
            return [_whole(self.tree.root)]
        return self._plain(self.tree.children())

    def _is_submission(self, entries: Sequence[Entry]) -> bool:
        return any(not entry.is_folder and entry.name in self.expected for entry in entries)

    def _is_class(self, entries: Sequence[Entry]) -> bool:
        """Whether these are many people's: several zips and nothing else, or one asked-for file in several folders."""
        if len(entries) > 1 and all(entry.suffix == ".zip" for entry in entries):
            return True
        folders = [self.tree.children(entry.path) for entry in entries if entry.is_folder]
        held = Counter(inner.name for folder in folders for inner in folder if not inner.is_folder)
        return any(held[name] > 1 for name in self.expected)

    def _plain(self, entries: Sequence[Entry]) -> Iterator[Found]:
        for entry in entries:
            text = entry.name if entry.is_folder else entry.name.removesuffix(entry.suffix)
            if entry.is_link:
                yield replace(self._found(Clue(text=text), [entry]), problem=_link())
            elif entry.is_folder or entry.suffix in GRADED_SUFFIXES or entry.suffix == ".zip":
                yield self._found(Clue(text=text), [entry])
            elif entry.suffix not in OUR_SUFFIXES:
                yield replace(self._found(Clue(text=text), [entry]), problem=_unknown_kind(entry.name))

    def _canvas(self, base: str, entries: Sequence[Entry]) -> list[Found] | None:
        return self._named(entries, [naming.canvas(entry.name) for entry in entries])

    def _moodle(self, base: str, entries: Sequence[Entry]) -> list[Found] | None:
        return self._named(entries, [naming.moodle(entry.name) for entry in entries])

    def _named(self, entries: Sequence[Entry], names: Sequence[Named | None]) -> list[Found] | None:
        """Submissions of a download in which every name says whose it is; a student's files are one submission."""
        pairs = [(named, entry) for named, entry in zip(names, entries, strict=True) if named is not None]
        if not pairs or len(pairs) < len(entries):
            return None
        found = []

        def whose(pair: tuple[Named, Entry]) -> tuple[str, str, str]:
            return pair[0].clue.name, pair[0].clue.canvas, pair[0].clue.number

        for _, group in groupby(sorted(pairs, key=whose), key=whose):
            rows = list(group)
            files = [(named, entry) for named, entry in rows if not named.is_typed and not entry.is_link]
            one = self._found(rows[0][0].clue, [entry for _, entry in files or rows])
            called = {named.file for named, _ in files}
            paths = {entry.path: self._original(named.file, called) or entry.name for named, entry in files or rows}
            problem = None if files else _typed()
            is_late = any(named.is_late for named, _ in rows)
            found.append(replace(one, paths=paths, is_late=is_late, problem=problem))
        return found

    def _original(self, file: str, others: set[str]) -> str:
        """What a file was called before Canvas put a number behind the name of one handed in again."""
        before = re.sub(r"-\d+(\.\w+)$", r"\1", file)
        return before if before in self.expected and before not in others else file

    def _gradescope(self, base: str, entries: Sequence[Entry]) -> list[Found] | None:
        if not any(entry.name == naming.METADATA_FILE and not entry.is_folder for entry in entries):
            return None
        path = f"{base}/{naming.METADATA_FILE}" if base else naming.METADATA_FILE
        people: Mapping[str, tuple[tuple[Clue, ...], datetime | None]] = {}
        try:
            people = naming.gradescope(self.tree.text(path, MAX_METADATA_BYTES))
        except (ValueError, OSError) as error:
            self.remarks.append(
                msg(
                    "{file} of Gradescope cannot be read ({error}), so nobody knows whose its folders are",
                    file=clean(path),
                    error=clean(str(error)),
                )
            )
        found = []
        for entry in entries:
            if entry.is_folder:
                clues, time = people.get(entry.name, ((), None))
                one = self._found(Clue(text=entry.name), [entry])
                found += [replace(one, clue=clue, received_at=time or one.received_at) for clue in clues] or [one]
        self.remarks.extend(
            msg("{folder} stands in {file}, but there is no such folder", folder=clean(name), file=naming.METADATA_FILE)
            for name in people
            if name not in {entry.name for entry in entries}
        )
        return found

    def _classroom(self, base: str, entries: Sequence[Entry]) -> list[Found] | None:
        folder = base.rsplit("/", 1)[-1] if base else self.tree.root.stem
        folders = [entry for entry in entries if entry.is_folder]
        prefix = naming.classroom_prefix(folder, [entry.name for entry in folders])
        if prefix is None:
            return None
        return [self._found(Clue(login=entry.name.removeprefix(prefix)), [entry]) for entry in folders]

    def _nbgrader(self, base: str, entries: Sequence[Entry]) -> list[Found] | None:
        folders = [entry for entry in entries if entry.is_folder]
        inside = [entry for entry in folders if entry.name == naming.SUBMITTED]
        if inside:
            return self._nbgrader(inside[0].path, self.tree.children(inside[0].path))
        name = base.rsplit("/", 1)[-1] if base else self.tree.root.stem
        assignments = {
            student.name: [entry for entry in self.tree.children(student.path) if entry.is_folder]
            for student in folders
        }
        handed_in = [entry for row in assignments.values() for entry in row]
        holds_files = any(not entry.is_folder for student in folders for entry in self.tree.children(student.path))
        is_stamped = all(self._stamp(entry) is not None for entry in handed_in)
        if not handed_in or not (is_stamped or (name == naming.SUBMITTED and not holds_files)):
            return None
        names = sorted({entry.name for entry in handed_in})
        chosen = self.assignment or names[0]
        if chosen not in names or (self.assignment is None and len(names) > 1):
            raise GraderError(
                msg(
                    "{path} holds these assignments: {names}; name one with --assignment",
                    path=str(self.tree.root),
                    names=clean(", ".join(names)),
                )
            )
        found = []
        for student, row in assignments.items():
            for entry in row:
                if entry.name == chosen:
                    one = self._found(Clue(id=student), [entry])
                    found.append(replace(one, received_at=self._stamp(entry) or one.received_at))
        return found

    def _stamp(self, folder: Entry) -> datetime | None:
        """What nbgrader's timestamp.txt says."""
        for entry in self.tree.children(folder.path):
            if entry.name == naming.TIMESTAMP_FILE and not entry.is_folder:
                return naming.moment(self.tree.text(entry.path, 200).decode("utf-8", "replace"))
        return None

    def _found(self, clue: Clue, entries: Sequence[Entry]) -> Found:
        times = [time for time in map(self.tree.changed_at, entries) if time is not None]
        return self._own(clue, {entry.path: entry.name for entry in entries}, max(times, default=None))

    def _own(self, clue: Clue, paths: Mapping[str, str], time: datetime | None = None) -> Found:
        first = next(iter(paths))
        where = f"{self.tree.root.name}/{first}" if first else self.tree.root.name
        time = time or self.tree.changed_at(Entry(first, is_folder=True, changed_at=None))
        return Found(clean(where, MAX_KEY), clue, self.tree, paths, time)


def _whole(source: Path) -> Found:
    """A zip or a file that is one submission, as the folder around it would show it."""
    time = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    tree, paths = FolderTree(source.parent), {source.name: source.name}
    return Found(clean(source.name, MAX_KEY), Clue(text=source.stem), tree, paths, time)


def _with_own_keys(found: Iterable[Found]) -> Iterator[Found]:
    """The same, with a number behind a key that was there before."""
    used: dict[str, int] = {}
    for one in found:
        used[one.key] = number = used.get(one.key, 0) + 1
        yield one if number == 1 else replace(one, key=f"{one.key} ({number})")


def _said(error: OSError) -> str:
    return error.strerror or str(error)


def _link() -> Message:
    return msg("it is a link; put the file itself there")


def _typed() -> Message:
    return msg("it was typed into the browser, not handed in as a file")


def _unknown_kind(name: str) -> Message:
    return msg("{file}: expected a folder, a zip, .py, .md or .ipynb, found another kind of file", file=clean(name))
