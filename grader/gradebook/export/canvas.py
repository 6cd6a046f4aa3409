"""Canvas: the CSV that a teacher exported from its gradebook, with one assignment filled in.

Only the columns that name students and the one assignment are written: an older value of another column would
overwrite what was entered since.  Titles, ids and the line of possible points are the teacher's own, because Canvas
makes a new assignment of a title that it does not know.  An empty cell changes nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from grader.errors import GraderError
from grader.gradebook.book import Gradebook
from grader.gradebook.delimited import Delimited, no_formula
from grader.gradebook.export.order import Export, Order, converter, final, index, place, worth
from grader.gradebook.table import Person
from grader.message import Message, msg

KEYS = ("ID", "SIS User ID", "SIS Login ID")
ASSIGNMENT = re.compile(r"(.+) \((\d+)\)")
POINTS_POSSIBLE = "Points Possible"
READ_ONLY = "(read only)"
EXCUSED = "EX"


def export(book: Gradebook, order: Order) -> Export:
    """Fill in the teacher's file.

    Raises:
        GraderError: There is no template, it is not Canvas's, or it does not say which assignment is meant.
    """
    if order.template is None:
        raise GraderError(
            msg("canvas: expected --template FILE, the CSV that Canvas exports: Grades, Export entire gradebook")
        )
    name, sheet = order.template
    table = book.table()
    rows = sheet.rows
    header = [title.strip() for title in rows[0]]
    section, named = _section(name, header), header.index("ID") if "ID" in header else 0  # names stand before the ID
    possible = next((row for row in rows[1:] if row and row[0].strip() == POINTS_POSSIBLE), ())
    first = next((number for number, row in enumerate(rows) if row is possible), 0) + 1
    column = _assignment(name, header, possible, section, order.column)
    marks = converter(header[column], possible[column], worth(table, order.exercise), scaled=order.scaled)
    students = [number for number in range(first, len(rows)) if any(rows[number])]
    keys = [index(rows, header.index(key) if key in header else None, students) for key in KEYS]
    lines = place([row.person for row in table], keys)

    filled = dict.fromkeys(students, "")
    left_out: list[Message] = []
    for row in table:
        mark, line = final(table, row, order.exercise), lines[row.person.id]
        if isinstance(mark, Message) or isinstance(line, Message):
            left_out += [part for part in (mark, line) if isinstance(part, Message)][:1]
        elif not _is_named(row.person, line, keys, called := " ".join(rows[line][:named])):
            student = row.person.id
            left_out.append(
                msg("{student}: Canvas's own number of this value is {name}'s", student=student, name=called)
            )
        elif _cell(rows[line], column).upper() == EXCUSED:
            left_out.append(msg("{student}: is excused in Canvas; left so", student=row.person.id))
        else:
            filled[line] = marks.text(mark.earned)
    kept = tuple(_written(cells, number, section, named, column, filled) for number, cells in enumerate(rows))
    return Export(Delimited(kept, sheet.delimiter, sheet.has_mark).to_bytes(), tuple(left_out))


def _written(
    cells: Sequence[str], number: int, section: int, named: int, column: int, filled: Mapping[int, str]
) -> tuple[str, ...]:
    """A line of the file: who, and the mark; a name is no formula, and Canvas finds people by their ids."""
    info = [cells[place] if place < len(cells) else "" for place in range(section + 1)]
    if number:
        info[:named] = map(no_formula, info[:named])
    return (*info, filled.get(number, cells[column] if column < len(cells) else ""))


def _is_named(person: Person, line: int, keys: Sequence[Mapping[str, int | None]], name: str) -> bool:
    """Whether a line that was found by Canvas's own number alone is this person's by the name too.

    Those numbers and the ids of a university may be the same by chance.
    """
    known = {text.casefold() for text in (person.id, person.email) if text}
    if any(lines.get(text) == line for lines in keys[1:] for text in known):
        return True
    return not person.name or not name or _letters(person.name) == _letters(name)


def _letters(name: str) -> list[str]:
    return sorted(character for character in name.casefold() if character.isalnum())


def _section(name: str, header: Sequence[str]) -> int:
    """The last column about students."""
    is_canvas = ("Student" in header[0] and header[1:2] == ["ID"]) or header[:3] == ["LastName", "FirstName", "ID"]
    found = [number for number, title in enumerate(header) if "Section" in title]
    if not is_canvas or not found:
        raise GraderError(
            msg(
                "{file}: expected the CSV that Canvas exports, with the columns Student, ID and Section, got {got}",
                file=name,
                got=", ".join(header[:6]),
            )
        )
    return found[0]


def _assignment(name: str, header: Sequence[str], possible: Sequence[str], section: int, wanted: str | None) -> int:
    """The column to fill in; Canvas's own id stands in its title."""
    found = {}
    for number in range(section + 1, len(header)):
        match = ASSIGNMENT.fullmatch(header[number])
        if match and READ_ONLY not in _cell(possible, number) and _cell(possible, number):
            found[number] = (header[number], match[1], match[2])
    chosen = [number for number, names in found.items() if wanted is None or wanted in names]
    if len(chosen) == 1:
        return chosen[0]
    titles = "; ".join(names[0] for names in found.values()) or "-"
    if wanted is None:
        raise GraderError(
            msg(
                "{file}: it holds {count} assignments that can be filled in; name one with --column: {titles}",
                file=name,
                count=len(found),
                titles=titles,
            )
        )
    raise GraderError(
        msg(
            "{file}: expected one assignment {wanted}, found {count}; name one with --column: {titles}",
            file=name,
            wanted=wanted,
            count=len(chosen),
            titles=titles,
        )
    )


def _cell(row: Sequence[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""
