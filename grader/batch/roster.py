"""The roster: who is in the class, and whose a submission is, found by what its name says and never guessed.

A CSV with a column of ids; names, e-mail addresses, GitHub logins and Canvas's ids help where they stand.  Columns
stand in any order under English or Chinese headers, in UTF-8, UTF-16 or GBK, between commas, semicolons or tabs.
The CSV that Canvas's gradebook or GitHub Classroom exports is a roster too.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.answers.encoding import decode
from grader.answers.source import Unreadable
from grader.batch.naming import Clue
from grader.errors import GraderError
from grader.gradebook import Person
from grader.message import Message, msg
from grader.untrusted import clean

HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "studentid", "studentnumber", "studentno", "sisuserid", "idnumber", "id", "sid", "number", "identifier",
        "学号", "学生学号", "学生编号", "学籍号", "编号",
    ),
    "name": ("name", "fullname", "studentname", "student", "姓名", "学生姓名", "名字"),
    "first": ("firstname", "givenname", "名"),
    "last": ("lastname", "familyname", "surname", "姓"),
    "email": ("email", "emailaddress", "mail", "邮箱", "电子邮箱", "电子邮件", "电子邮件地址", "邮件", "邮箱地址"),
    "login": ("githubusername", "github", "login", "username", "sisloginid", "用户名", "github用户名"),
    "canvas": ("canvasid", "canvasuserid"),
}  # fmt: skip
_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the roster."""

    person: Person
    login: str = ""
    canvas: str = ""


@dataclass(frozen=True)
class Roster:
    """The class, in the order of the file; `remarks` name the lines that are not as they should be."""

    entries: tuple[Entry, ...]
    remarks: tuple[Message, ...] = ()

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody once."""
        return tuple(entry.person for entry in self.entries)

    def match(self, clue: Clue) -> Person | Message:
        """Whose submission this is, or a sentence why nobody can tell.

        Each part of the clue leaves those whom it fits; they must leave exactly one.  A name alone does not count
        where an id or an address was given that is nobody's.
        """
        exact, loose = self._exact(clue), self._loose(clue)
        if exact and not any(exact):
            return msg("nobody in the roster has this id, login or address")
        candidates = [found for found in (*exact, *loose) if found]
        if not candidates:
            return msg("nobody in the roster is called so")
        left = set.intersection(*candidates)
        people = [entry.person for entry in self.entries if entry.person.id in left]
        if len(people) == 1:
            return people[0]
        if people:
            return msg("it fits several students: {people}", people=_listed(people))
        return msg("its parts name different students")

    def _exact(self, clue: Clue) -> list[set[str]]:
        """Whom each of the prescribed parts fits, as far as the roster knows such parts at all."""
        parts = (
            (clue.id, lambda entry: (entry.person.id, entry.person.email, entry.login)),
            (clue.canvas, lambda entry: (entry.canvas,)),
            (clue.email, lambda entry: (entry.person.email,)),
            (clue.login, lambda entry: (entry.login, entry.person.id)),
        )
        return [
            self._who(said, known, _same)
            for said, known in parts
            if words(said) and any(any(known(entry)) for entry in self.entries)
        ]

    def _loose(self, clue: Clue) -> list[set[str]]:
        """Whom the names fit, and the ids that stand somewhere in a free name."""
        return [
            self._who(clue.name, lambda entry: _orders(entry.person.name), _same_name),
            self._who(clue.text, lambda entry: (entry.person.id, entry.login, entry.person.email), _contains),
            self._who(clue.text, lambda entry: _orders(entry.person.name), _contains),
        ]

    def _who(self, said: str, known: Callable[[Entry], Sequence[str]], fits: Callable[[str, str], bool]) -> set[str]:
        if not words(said):
            return set()
        return {entry.person.id for entry in self.entries if any(fits(said, own) for own in known(entry) if words(own))}


def person_of(clue: Clue) -> Person:
    """Who handed in where there is no roster: whatever the name says, as it says it."""
    name = clean(clue.name or clue.text)
    key = clue.id or clue.email or clue.login or clue.canvas or clue.number or clue.text or clue.name
    return Person(clean(key), "" if name == clean(key) else name, clue.email)


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Raises:
        GraderError: It cannot be read, or has no column of ids.
    """
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise GraderError(
            msg("{file}: the roster cannot be read: {error}", file=str(path), error=error.strerror or str(error))
        ) from None
    if isinstance(text, Unreadable):
        raise GraderError(msg("{file}: the roster cannot be read: {error}", file=str(path), error=text.message))
    lines = text.value.lstrip("\ufeff").lstrip("\r\n")
    rows = list(csv.reader(io.StringIO(lines, newline=""), delimiter=_delimiter(lines)))
    header = [_plain(cell) for cell in rows[0]] if rows else []
    columns = _columns(header)
    if "id" not in columns:
        raise GraderError(
            msg(
                "{file}: expected a column of students' ids (id, student id, 学号), found the columns {columns}",
                file=str(path),
                columns=clean(", ".join(rows[0]) if rows else ""),
            )
        )
    return _checked(path.name, [(line, _entry(row, columns)) for line, row in enumerate(rows[1:], 2) if any(row)])


def words(text: str) -> list[str]:
    """The words of a name: letters and digits in lower case; Chinese characters are words of their own.

    Example:
        >>> words("2024001王小明_HW-1")
        ['2024001', '王小明', 'hw', '1']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _checked(file: str, lines: Sequence[tuple[int, Entry]]) -> Roster:
    """The roster without the lines that name nobody, or two people by one id."""
    remarks: list[Message] = []
    entries: dict[str, Entry] = {}
    clashing: set[str] = set()
    for line, entry in lines:
        person = entry.person
        before = entries.get(person.id)
        if not person.id:
            if _plain(person.name) not in ("", "pointspossible"):  # lines of Canvas's gradebook that are nobody
                remarks.append(
                    msg("{file}, line {line}: there is no id; the line does not count", file=file, line=line)
                )
        elif before is None:
            entries[person.id] = entry
        elif before != entry:
            clashing.add(person.id)
            remarks.append(
                msg(
                    "{file}, line {line}: {people} have one id; their submissions are matched with nobody",
                    file=file,
                    line=line,
                    people=_listed([before.person, person]),
                )
            )
    return Roster(tuple(entry for key, entry in entries.items() if key not in clashing), tuple(remarks))


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Which column holds what; of several headers for one thing the one that stands first in `HEADERS`."""
    columns = {}
    for what, names in HEADERS.items():
        found = [name for name in names if name in header]
        if found:
            columns[what] = header.index(found[0])
    if "id" in header and {"sisuserid", "sisloginid"} & set(header):  # Canvas's own export, where ID is Canvas's
        columns["canvas"] = header.index("id")
    return columns


def _entry(row: Sequence[str], columns: Mapping[str, int]) -> Entry:
    def cell(what: str) -> str:
        index = columns.get(what, len(row))
        text = row[index].strip() if index < len(row) else ""
        formula = re.fullmatch(r'="(.*)"', text)  # how spreadsheets are told to keep leading zeros
        return formula[1] if formula else text.removeprefix("'")

    name = cell("name") or " ".join(filter(None, (cell("first"), cell("last"))))
    canvas = cell("canvas")
    return Entry(Person(cell("id") or canvas, name, cell("email")), cell("login"), canvas)


def _delimiter(text: str) -> str:
    counts = Counter(char for char in text.splitlines()[0] if char in ",;\t") if text else Counter[str]()
    return counts.most_common(1)[0][0] if counts else ","


def _plain(text: str) -> str:
    return "".join(words(text))


def _same(said: str, own: str) -> bool:
    return words(said) == words(own)


def _same_name(said: str, own: str) -> bool:
    return _plain(said) == _plain(own)


def _contains(said: str, own: str) -> bool:
    text, sought = words(said), words(own)
    return any(text[start : start + len(sought)] == sought for start in range(len(text) - len(sought) + 1))


def _orders(name: str) -> tuple[str, ...]:
    """A name as it stands, and with the family name first."""
    parts = name.replace(",", " ").split()
    return (name, " ".join([parts[-1], *parts[:-1]])) if len(parts) > 1 else (name,)


def _listed(people: Iterable[Person]) -> str:
    return clean("; ".join(f"{person.id} {person.name}".strip() for person in people))
