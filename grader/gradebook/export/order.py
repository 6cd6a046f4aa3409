"""What an export is asked for and what it gives; marks that are final, and numbers as other programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from grader.errors import GraderError
from grader.gradebook.delimited import Delimited
from grader.gradebook.table import Person, Row, Table
from grader.message import Message, Translate, msg
from grader.model import Points

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Args:
        template: The name and content of the file that another program gave and wants filled in.
        column: The assignment in the template, or what a new column is called.
        exercise: Only this one's marks; None means the total.
        student: Only this one's report.
        scaled: Convert marks where the template's column is worth something else.
    """

    template: tuple[str, Delimited] | None = None
    column: str | None = None
    exercise: str | None = None
    student: str | None = None
    scaled: bool = False
    translate: Translate = str

    def say(self, message: Message) -> str:
        """A sentence in the language of the export."""
        return message.render(self.translate)


@dataclass(frozen=True, slots=True)
class Export:
    """A file, and a sentence for everyone whose mark is not in it."""

    content: bytes
    left_out: tuple[Message, ...] = ()


def final(table: Table, row: Row, exercise: str | None) -> Points | Message:
    """The points of a row that no one has to decide on any more, or a sentence why there are none yet."""
    student = row.person.id
    if row.submission is None:
        return msg("{student}: nothing was handed in; the mark stays empty", student=student)
    if not row.is_graded:
        return msg("{student}: could not be graded; the mark stays empty", student=student)
    wanted = table.exercises if exercise is None else (exercise,)
    if absent := [name for name in wanted if name not in row.cells]:
        exercises = ", ".join(absent)
        return msg("{student}: {exercises} not graded yet; the mark stays empty", student=student, exercises=exercises)
    points = Points.total(row.cells[name].points for name in wanted)
    if points.pending:
        return msg(
            "{student}: {count} points are still open; the mark stays empty", student=student, count=points.pending
        )
    return points


def worth(table: Table, exercise: str | None) -> int:
    """The points that an exercise, or all of them, are worth.

    Raises:
        GraderError: There is no such exercise.
    """
    if exercise is None:
        return table.total
    if exercise not in table.exercises:
        raise GraderError(
            msg("no exercise is called {name}; there are: {names}", name=exercise, names=", ".join(table.exercises))
        )
    return table.possible(exercise)


def converter(title: str, theirs: str, ours: int, *, scaled: bool) -> Converter:
    """How marks are written into a column.

    Args:
        theirs: What the column is worth, as the template says it.
        ours: What it is worth here.

    Raises:
        GraderError: Both differ, and nobody asked for a conversion.
    """
    try:
        maximum = Decimal(theirs.strip().replace(",", "."))
    except InvalidOperation:
        maximum = Decimal(0)
    if not maximum.is_finite() or maximum <= 0 or ours <= 0 or (maximum != ours and not scaled):
        raise GraderError(
            msg(
                "{title} is worth {theirs} points there and {ours} here; make both equal, or give --scale to convert",
                title=title,
                theirs=repr(theirs),
                ours=ours,
            )
        )
    return Converter(maximum, ours, "," if "," in theirs else ".")


@dataclass(frozen=True, slots=True)
class Converter:
    """Marks as text, converted, with at most two decimals and the template's decimal point."""

    theirs: Decimal
    ours: int
    point: str

    def text(self, points: int) -> str:
        """The mark as text."""
        value = (points * self.theirs / self.ours).quantize(CENT, ROUND_HALF_UP)
        return f"{value.normalize():f}".replace(".", self.point)


def summary(row: Row, exercise: str | None) -> str:
    """`conv2d 2/5; essay 4/5`: names and numbers, the same in every language."""
    cells = [cell for name, cell in row.cells.items() if exercise in (None, name)]
    return "; ".join(f"{cell.exercise} {cell.points.earned}/{cell.points.possible}" for cell in cells)


def place(people: Sequence[Person], keys: Iterable[Mapping[str, int | None]]) -> dict[str, int | Message]:
    """Whose line of a template is whose, never guessed.

    Args:
        keys: For each column that names people, the line by its text; None where two lines have the same.

    Returns:
        By a person's id the number of the line, or a sentence why there is none.
    """
    found: dict[str, int | Message] = {}
    for person in people:
        names = {name.casefold() for name in (person.id, person.email) if name}
        lines = {lines[name] for lines in keys for name in names if name in lines}
        if not lines:
            found[person.id] = msg("{student}: no line of the template is theirs", student=person.id)
        elif len(lines) > 1 or None in lines:
            found[person.id] = msg("{student}: more than one line of the template fits", student=person.id)
        else:
            found[person.id] = next(line for line in lines if line is not None)
    owners: dict[int, list[str]] = {}
    for student, line in found.items():
        if isinstance(line, int):
            owners.setdefault(line, []).append(student)
    for students in owners.values():
        for student in students if len(students) > 1 else ():
            others = ", ".join(other for other in students if other != student)
            found[student] = msg(
                "{student}: {others} has the same line of the template", student=student, others=others
            )
    return found


def index(rows: Sequence[Sequence[str]], column: int | None, lines: Iterable[int]) -> dict[str, int | None]:
    """The lines of a template by the text in a column; None where a text stands twice."""
    found: dict[str, int | None] = {}
    for line in lines if column is not None else ():
        row = rows[line]
        text = row[column].strip().casefold() if column is not None and column < len(row) else ""
        if text:
            found[text] = None if text in found else line
    return found
