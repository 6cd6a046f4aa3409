"""The fields of an answer sheet: what kind of answer each takes, and what a submission wrote there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any

from grader.answers.source import Parsed, Unreadable
from grader.errors import ExerciseError
from grader.message import Message, joined, msg, verbatim
from grader.model import Understood

if TYPE_CHECKING:
    from grader.answers.sheet import Duplicate, Sheet
    from grader.notebook.pages import Pages

KINDS = ("matrix", "number", "formula", "choice", "statement", "claims", "comparison", "text")
MAX_STATED = 500  # characters of an answer in which an author's patterns are looked for; they may be slow
MAX_SHOWN = 60  # characters of an answer in free words that the report repeats


@dataclass(frozen=True, slots=True)
class Field:
    """One question of an answer sheet: its key, the names its heading may have, and how its answer is read.

    `options` belong to the kind: `choices` of a choice, `rows` of a table of
    claims, the variables of a formula.  The rows of a comparison are one for each
    question and side, called "question side".  A `given` field is chosen by the
    student (or drawn for them) and is no answer.
    """

    key: str
    kind: str
    names: tuple[str, ...] = ()
    given: bool = False
    options: Mapping[str, Any] = dataclass_field(default_factory=dict)

    @classmethod
    def from_toml(cls, where: str, row: Mapping[str, Any]) -> Field:
        """Read one [[fields]] table."""
        options = {key: value for key, value in row.items() if key not in ("key", "kind", "names", "given")}
        if row.get("kind") not in KINDS or not isinstance(row.get("key"), str):
            raise ExerciseError(
                msg(
                    "{where}: a field needs a key and a kind out of {kinds}, got {got}",
                    where=where,
                    kinds=", ".join(KINDS),
                    got=repr(dict(row)),
                )
            )
        if row["kind"] == "claims":
            claims = options.get("rows", {}).items()
            options["rows"] = {
                key: cls.from_toml(where, {"kind": "choice", **claim, "key": key}) for key, claim in claims
            }
        if row["kind"] == "comparison":
            questions, sides = options.get("questions", {}), options.get("sides", {})
            options["rows"] = {
                f"{question} {side}": cls.from_toml(
                    where, {**claim, **claim.get("only", {}).get(side, {}), "key": side}
                )
                for question, claim in questions.items()
                for side in sides
            }
        needed = {
            "choice": "choices",
            "statement": "choices",
            "claims": "rows",
            "comparison": "rows",
            "formula": "families",
        }.get(row["kind"])
        if needed and not options.get(needed):
            raise ExerciseError(
                msg("{where}: the field {key} needs {needed}, got none", where=where, key=row["key"], needed=needed)
            )
        return cls(row["key"], row["kind"], tuple(row.get("names", ())), bool(row.get("given", False)), options)

    def parse(self, text: str) -> Parsed[Any] | Unreadable:
        """Read an answer of this field; never evaluates it, never raises on any text."""
        return _PARSERS[self.kind](text, self.options)

    def choice_names(self) -> Iterator[Message]:
        """What the report calls the choices of this field, or of its rows."""
        if self.kind == "choice":
            from grader.answers.choice import choice_name

            yield from (choice_name(key, self.options["choices"]) for key in self.options["choices"])
        if self.kind == "statement":
            from grader.answers.statement import StatementSpec

            spec = StatementSpec.from_options(self.options)
            yield from map(spec.name, spec.choices)
        for row in self.options.get("rows", {}).values():
            yield from row.choice_names()


class UnansweredField(Exception):
    """The field is empty, or not there."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class UnreadableField(Exception):
    """Something stands in the field and cannot be read; `line` is the line in the file, 0 where there is none.

    In a notebook it is the line of the cell with the number `cell`.
    """

    def __init__(
        self, key: str, reason: Message, *, problem: Unreadable | None = None, line: int = 0, cell: int = 0
    ) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason
        self.problem = problem
        self.line = line
        self.cell = cell


class Answers:
    """A submission's answer sheet as checks see it: `answers["full"]` is a value.

    Asking for a field that is empty or unreadable ends the check with that
    verdict.  Every answer that was read is noted, so that the report can repeat
    how it was understood.
    """

    def __init__(self, fields: Sequence[Field], texts: Mapping[str, Located]) -> None:
        self._fields = {field.key: field for field in fields}
        self._texts = texts
        self._parsed: dict[str, Parsed[Any] | Unreadable] = {}

    def __getitem__(self, key: str) -> Any:
        return self.read(key).value

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def text(self, key: str) -> str:
        """What stands in the field, as it was typed.

        Raises:
            UnansweredField, UnreadableField: There is none, or more than one.
        """
        located = self._texts.get(key)
        if located is None:
            raise UnansweredField(key)
        if located.problem is not None:
            cell, line = located.place(1)
            raise UnreadableField(key, located.problem, line=line, cell=cell)
        return located.text

    def read(self, key: str) -> Parsed[Any]:
        """The parsed answer with its remarks.

        Raises:
            UnansweredField: The field is empty or missing.
            UnreadableField: It cannot be read.
            KeyError: The exercise has no such field; the author's mistake.
        """
        field = self._fields[key]
        text = self.text(key)
        if key not in self._parsed:
            self._parsed[key] = field.parse(text)
        parsed = self._parsed[key]
        if isinstance(parsed, Unreadable):
            cell, line = self._texts[key].place(parsed.line)
            raise UnreadableField(key, parsed.message, problem=parsed, line=line, cell=cell)
        return parsed

    def row(self, key: str, row: str) -> Any:
        """The answer in one row of a table of claims; the other rows have no say in it.

        Raises:
            UnansweredField: The table is missing, or the row is not there or empty.
            UnreadableField: The table or this row cannot be read.
            KeyError: The exercise has no such row; the author's mistake.
        """
        claim = self.read(key).value.get(row)
        name = f"{key}: {row}"
        if row not in self._fields[key].options["rows"]:
            raise KeyError(row)
        if claim is None:
            raise UnansweredField(name)
        if isinstance(claim, Unreadable):
            cell, line = self._texts[key].place(claim.line)
            raise UnreadableField(name, claim.message, problem=claim, line=line, cell=cell)
        return claim.value

    def read_prose(self, key: str, text: str) -> list[tuple[str, Any]]:
        """What a text says about the questions of a comparison, as far as it can be read: rows and their values."""
        from grader.answers.comparison import prose_pieces

        options = self._fields[key].options
        found: list[tuple[str, Any]] = []
        for side, words in prose_pieces(text, options["sides"]):
            for question in options["questions"]:
                row: Field = options["rows"][f"{question} {side}"]
                if row.kind == "statement":
                    reading = replace(row, options={**row.options, "is_prose": True}).parse(words)
                    found += [(f"{question} {side}", reading.value)] if isinstance(reading, Parsed) else []
        return found

    def understood(self) -> tuple[Understood, ...]:
        """Every answer that has been read, in the order of the fields."""
        found = ((key, self._parsed.get(key)) for key in self._fields)
        return tuple(Understood(key, parsed.message) for key, parsed in found if isinstance(parsed, Parsed))

    def remarks(self) -> tuple[Message, ...]:
        """What the readers remarked, in the order of the fields."""
        found = ((key, self._parsed.get(key)) for key in self._fields)
        return tuple(
            msg("{field}: {remark}", field=key, remark=remark)
            for key, parsed in found
            if isinstance(parsed, Parsed)
            for remark in parsed.remarks
        )


@dataclass(frozen=True, slots=True)
class Located:
    """The text of a field and the line of the file where it begins; `problem` where it is there twice."""

    text: str
    line: int = 1
    problem: Message | None = None
    pages: Pages | None = None

    def place(self, line: int) -> tuple[int, int]:
        """The cell of a notebook, 0 in a file, and the line, for a line of the text."""
        line += self.line - 1
        if self.pages is None:
            return 0, line
        place = self.pages.place(line)
        return place.cell, place.line


def locate(
    sheets: Sequence[Sheet], exercise_keys: Sequence[str], fields: Sequence[Field], others: Sequence[Sequence[str]]
) -> dict[str, Located]:
    """Find each field of an exercise in the first sheet that has it filled in."""
    from grader.answers.sheet import Duplicate

    found: dict[str, Located] = {}
    for wanted in fields:
        rivals = [[other.key, *other.names] for other in fields if other is not wanted]
        keys = [wanted.key, *wanted.names]
        for sheet in sheets:
            section = sheet.find(exercise_keys, keys, other_fields=rivals, other_exercises=others)
            if isinstance(section, Duplicate):
                found[wanted.key] = Located("", section.sections[0].line, _twice(section, sheet), sheet.pages)
            elif section is not None and not section.is_empty:
                found[wanted.key] = Located(section.body, section.body_line, pages=sheet.pages)
            if wanted.key in found:
                break
    return found


def _twice(answers: Duplicate, sheet: Sheet) -> Message:
    if sheet.pages is None:
        return answers.message
    cells = ", ".join(str(sheet.pages.place(section.line).cell) for section in answers.sections)
    return msg("this field is answered more than once, in the cells {cells}; keep one answer", cells=cells)


def _parse_matrix(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    from grader.answers.matrix import parse_matrix

    return parse_matrix(text)


def _parse_number(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    """Read a number; what the question itself says (`stated`) may be repeated in the answer and is passed over."""
    from grader.answers.number import NumberSpec, parse_number

    for stated in options.get("stated", ()) if len(text) <= MAX_STATED else ():
        text = re.sub(stated, lambda found: " " * len(found[0]), text)
    takes = {name: options[name] for name in ("takes_shapes", "takes_ranges", "takes_quotients") if name in options}
    return parse_number(text, NumberSpec(**takes))


def _parse_formula(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    from grader.answers.formula import FormulaSpec, parse_formula

    return parse_formula(text, FormulaSpec.from_options(options))


def _parse_choice(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    from grader.answers.choice import parse_choice

    return parse_choice(text, {key: tuple(names) for key, names in options["choices"].items()})


def _parse_statement(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    from grader.answers.statement import StatementSpec, parse_statement

    return parse_statement(text, StatementSpec.from_options(options))


def _parse_claims(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    """Read a table, then every row by itself: the value is a reading, `Parsed` or `Unreadable`, per answered row."""
    from grader.answers.claims import parse_claims

    rows: Mapping[str, Field] = options["rows"]
    table = parse_claims(text, {key: (key, *row.names) for key, row in rows.items()})
    if isinstance(table, Unreadable):
        return table
    readings: dict[str, Parsed[Any] | Unreadable] = {}
    for key, row in rows.items():
        if key in table.value:
            reading = row.parse(table.value[key])
            if isinstance(reading, Unreadable):
                reading = replace(reading, line=_line_of(text, key, row.names, table.value[key]) + reading.line - 1)
            readings[key] = reading
    return _repeated(readings, table.remarks)


def _parse_comparison(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    """Read a comparison, then every answer by itself, as for a table of claims."""
    from grader.answers.comparison import ACCEPTED, parse_comparison

    questions = {key: (key, *row.get("names", ())) for key, row in options["questions"].items()}
    table = parse_comparison(text, questions, options["sides"])
    if isinstance(table, Unreadable):
        return table
    readings: dict[str, Parsed[Any] | Unreadable] = {}
    for (question, side), answer in table.value.items():
        key = f"{question} {side}"
        if answer.problem is not None:
            readings[key] = Unreadable(answer.problem, answer.line, 1, answer.text, ACCEPTED)
        else:
            reading = options["rows"][key].parse(answer.text)
            is_read = isinstance(reading, Parsed)
            readings[key] = reading if is_read else replace(reading, line=answer.line + reading.line - 1)
    return _repeated(readings, table.remarks)


def _repeated(readings: Mapping[str, Parsed[Any] | Unreadable], remarks: Iterable[Message]) -> Parsed[Any]:
    """The rows, how they were understood, and all that was remarked on them."""
    read = {key: reading for key, reading in readings.items() if isinstance(reading, Parsed)}
    answers = ((key, read[key].message if key in read else verbatim("?")) for key in readings)
    said = joined((msg("{row}: {answer}", row=key, answer=answer) for key, answer in answers), "; ")
    more = (msg("{row}: {remark}", row=key, remark=remark) for key in read for remark in read[key].remarks)
    return Parsed(readings, str(said), (*remarks, *more), said)


def _line_of(text: str, key: str, names: Sequence[str], answer: str) -> int:
    """The line of a table, from 1, that holds an answer; of several the one that also names its row."""
    lines = [number for number, line in enumerate(text.split("\n"), start=1) if answer in line]
    named = [
        number
        for number in lines
        if any(name.casefold() in text.split("\n")[number - 1].casefold() for name in (key, *names))
    ]
    return next(iter(named or lines), 1)


def _parse_text(text: str, options: Mapping[str, Any]) -> Parsed[Any] | Unreadable:
    stripped = text.strip()
    line = " ".join(stripped.split())
    shown = line if len(line) <= MAX_SHOWN else line[:MAX_SHOWN] + "…"
    return Parsed(stripped, understood=shown, remarks=())


_PARSERS: dict[str, Callable[[str, Mapping[str, Any]], Parsed[Any] | Unreadable]] = {
    "matrix": _parse_matrix,
    "number": _parse_number,
    "formula": _parse_formula,
    "choice": _parse_choice,
    "statement": _parse_statement,
    "claims": _parse_claims,
    "comparison": _parse_comparison,
    "text": _parse_text,
}
