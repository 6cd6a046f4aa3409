"""A comparison: questions, and an answer for each of the things that are compared.

| question      | DeconvNet        | SegNet     |
|---------------|------------------|------------|
| parameters    | 252M             | 29.4M      |
| BN            | yes              | the same   |

People also turn the table round, leave one column for both, or write lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from grader.answers.heading import rank
from grader.answers.sheet import is_placeholder
from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.answers.table import Cell, is_table_line, lines_of, read_table
from grader.message import Message, msg

Names = Mapping[str, Sequence[str]]

MAX_ANSWERS = 400
MAX_PIECES = 200
MAX_REMARKS = 5

ACCEPTED = msg("a table with a question in every row and a column for each side: | question | one | other |")

_LISTED = re.compile(r"\s*(?:[-*+>]|[0-9]{1,2}[.)])?\s*([^:=|\n]{1,120}?)\s*[:=]\s*(.*\S)?\s*")
_DRESS = " \t*_`#>:=-+.|"
_BOTH = re.compile(
    r"(?:both|the same|same|equal|identical)\b(?: (?:of them|networks|nets|in both|for both|use|have|are))*|(?:两者|二者|两个网络|两个)?(?:都|均|皆)[是为]?"
    r"|两者|二者|相同|一样",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"(?:(?:the )?same(?: as (?P<as>.{1,30})| here)?|idem|ditto|likewise|[\"〃]|同左|同右|(?:[与和跟同](?P<like>.{1,30}?))?(?:相同|一样|一致|同样)|同(?P<also>[a-z]{3,20}))\.?",
    re.IGNORECASE,
)
_JOINT = re.compile(r"[\s*,;/|]*(?:and|while|whereas|but|vs\.?|而|但|和|与)?[\s*,;]*$", re.IGNORECASE)
_SENTENCE = re.compile(r"[。；;!！?？\n]|\.(?![0-9])")
_ELLIPSIS = re.compile(
    r"\W*(?:(?:does|do|has|is) not|(?:does|do|has|is)n't|则?(?:没有|不用|不是|不会|不))\W*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was written about one question and one side, as it was typed, and the line where it stands, from 1.

    `problem` is there when it cannot be said what was meant.
    """

    text: str
    line: int = 1
    problem: Message | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """An answer whose question and side are known."""

    row: str
    side: str
    cell: Cell
    problem: Message | None = None


def parse_comparison(text: str, rows: Names, sides: Names) -> Parsed[dict[tuple[str, str], Answer]] | Unreadable:
    r"""Read the answers by question and side; what is left empty is left out.

    Example:
        >>> rows, sides = {"bn": ("batch norm",)}, {"one": ("DeconvNet",), "other": ("SegNet",)}
        >>> table = parse_comparison("| | SegNet | DeconvNet |\n|---|---|---|\n| Batch norm? | no | yes |", rows, sides)
        >>> {key: answer.text for key, answer in table.value.items()}
        {('bn', 'one'): 'yes', ('bn', 'other'): 'no'}
    """
    return read_with(lambda source: _parse_comparison(source, rows, sides), text, ACCEPTED)


def prose_pieces(text: str, sides: Names) -> Iterator[tuple[str, str]]:
    """Cut a text at the names of the sides: which one, and what the sentence goes on with.

    "... does not" denies what came before it.  Only the first pieces of a long text are cut.

    Example:
        >>> sides = {"one": ("DeconvNet",), "other": ("SegNet",)}
        >>> list(prose_pieces("SegNet unpools by indices, DeconvNet does not.", sides))
        [('other', ' unpools by indices, '), ('one', 'not  unpools by indices, ')]
    """
    return islice(_pieces(text, sides), MAX_PIECES)


def _pieces(text: str, sides: Names) -> Iterator[tuple[str, str]]:
    pattern = _side_pattern(sides)
    for sentence in _SENTENCE.split(text):
        names = list(pattern.finditer(sentence))
        before = ""
        for index, name in enumerate(names):
            end = names[index + 1].start() if index + 1 < len(names) else len(sentence)
            words = sentence[name.end() : end]
            if before and _ELLIPSIS.fullmatch(words):
                words = f"not {before}"
            if (side := _best(name[0], sides)) is not None:
                yield side, words
            before = words


def _parse_comparison(source: Source, rows: Names, sides: Names) -> Parsed[dict[tuple[str, str], Answer]]:
    lines = lines_of(source.text)
    tabular = [line for line in lines if is_table_line(line.text)]
    remarks: list[Message] = []
    reader = _Reader(rows, sides, remarks)
    pieces = list(reader.table(tabular) if tabular else reader.listed(lines))
    if not pieces and not remarks:
        raise RefusedError(0, msg("there is no table here"))
    if len(pieces) > MAX_ANSWERS:
        raise RefusedError(pieces[MAX_ANSWERS].cell.offset, msg("at most {limit} answers are read", limit=MAX_ANSWERS))
    found: dict[tuple[str, str], Answer] = {}
    for piece in pieces:
        answer = _answer(source, piece)
        if is_placeholder(answer.text):
            continue
        before = found.setdefault((piece.row, piece.side), answer)
        if before.text != answer.text:
            twice = msg("this is answered twice, on lines {first} and {second}", first=before.line, second=answer.line)
            found[piece.row, piece.side] = replace(answer, problem=twice)
    ordered = {(row, side): found[row, side] for row in rows for side in sides if (row, side) in found}
    answers = {key: _same(key, answer, ordered, sides) for key, answer in ordered.items()}
    understood = "; ".join(f"{row} {side}: {answer.text}" for (row, side), answer in answers.items())
    return Parsed(answers, understood, tuple(remarks))


def _answer(source: Source, piece: _Piece) -> Answer:
    start, end = source.origin[piece.cell.offset], source.origin[piece.cell.end]
    line = source.original.count("\n", 0, start) + 1
    return Answer(source.original[start:end].strip(), line, piece.problem)


def _same(key: tuple[str, str], answer: Answer, answers: Mapping[tuple[str, str], Answer], sides: Names) -> Answer:
    """The other side's answer where this one says "the same"."""
    found = _SAME.fullmatch(Source.of(answer.text).text.strip(_DRESS))
    if found is None:
        return answer
    named = next((text for text in found.groupdict().values() if text), None)
    others = [side for side in sides if side != key[1] and (named is None or rank(named, [side, *sides[side]])[0])]
    meant = [answers[key[0], side] for side in others if (key[0], side) in answers]
    if len(meant) != 1 or _SAME.fullmatch(Source.of(meant[0].text).text.strip(_DRESS)):
        return replace(answer, problem=msg("the same as what? write the answer here too"))
    return replace(meant[0], line=answer.line)


class _Reader:
    """Tables and lists, read into pieces; `remarks` gets the rows that name no question."""

    def __init__(self, rows: Names, sides: Names, remarks: list[Message]) -> None:
        self.rows = rows
        self.sides = sides
        self.remarks = remarks
        self._side = _side_pattern(sides)

    def table(self, lines: Sequence[Cell]) -> Iterator[_Piece]:
        """The pieces of a table, whichever way round it is."""
        table = read_table(list(lines))
        header, *body = table.rows or ((),)
        if body and all(len(cells) == len(header) + 1 for cells in body):
            header = (Cell(lines[0].offset, ""), *header)  # a blank corner, in a table without outer bars
        columns = {index: side for index, cell in enumerate(header) if (side := _best(cell.text, self.sides))}
        questions = {index: row for index, cell in enumerate(header) if (row := _best(cell.text, self.rows))}
        if len(set(columns.values())) == len(columns) >= 2:
            for cells in body:
                yield from self._row(cells, columns)
        elif len(questions) >= 2 and any(_best(cell.text, self.sides) for cells in body for cell in cells[:2]):
            for cells in body:
                side = next((found for cell in cells[:2] if (found := _best(cell.text, self.sides))), None)
                if side is not None:
                    yield from (_Piece(questions[i], side, cell) for i, cell in enumerate(cells) if i in questions)
        else:
            for cells in body if table.has_header else table.rows:
                if len(cells) > 1:
                    yield from self._pair(cells[:-1], cells[-1], None)

    def listed(self, lines: Sequence[Cell]) -> Iterator[_Piece]:
        """The pieces of lines `question: answer`, below the name of a side or with names inside."""
        current: str | None = None
        for line in lines:
            bare = line.text[:2000].strip(_DRESS + "0123456789)(")
            if (side := _best(bare, self.sides)) and not self._side.sub("", bare).strip(_DRESS + "()"):
                current = side
            elif found := _LISTED.fullmatch(line.text[:2000]):
                name = Cell(line.offset + found.start(1), found[1])
                start = found.start(2) if found[2] else len(line.text)
                yield from self._pair([name], Cell(line.offset + start, found[2] or ""), current)

    def _row(self, row: Sequence[Cell], columns: Mapping[int, str]) -> Iterator[_Piece]:
        key = self._question([cell for index, cell in enumerate(row) if index not in columns])
        if key is not None:
            yield from (_Piece(key, side, self._undressed(row[i], side)) for i, side in columns.items() if i < len(row))

    def _pair(self, names: Sequence[Cell], answer: Cell, current: str | None) -> Iterator[_Piece]:
        """One question with one text, which may speak of both sides."""
        key = self._question(names) if answer.text.strip() else None
        if key is None:
            return
        named = {side for cell in names if (side := _best(cell.text, self.sides))}
        if len(named) == 1 or current:
            yield _Piece(key, named.pop() if named else str(current), answer)
        elif both := _BOTH.match(answer.text):
            rest = answer.text[both.end() :].strip(_DRESS) and Cell(
                answer.offset + both.end(), answer.text[both.end() :]
            )
            yield from (_Piece(key, side, rest or answer) for side in self.sides)
        elif parts := self._parts(answer):
            yield from (_Piece(key, side, cell) for side, cell in parts)
        else:
            problem = msg("it is not said which one this is about; name it, or write `both`")
            yield from (_Piece(key, side, answer, problem) for side in self.sides)

    def _parts(self, answer: Cell) -> list[tuple[str, Cell]]:
        """`DeconvNet 252M, SegNet 29.4M` as two answers; each begins with its name."""
        found = list(self._side.finditer(answer.text))
        if not found or answer.text[: found[0].start()].strip(_DRESS):
            return []
        parts = []
        for index, name in enumerate(found):
            end = found[index + 1].start() if index + 1 < len(found) else len(answer.text)
            text = _JOINT.sub("", answer.text[name.end() : end])
            lead = len(text) - len(text.lstrip(" \t*_`:=,"))
            side = _best(name[0], self.sides)
            if side is not None:
                parts.append((side, Cell(answer.offset + name.end() + lead, text[lead:])))
        return parts

    def _undressed(self, cell: Cell, side: str) -> Cell:
        """A cell without the name of its own column in front."""
        found = self._side.match(cell.text, len(cell.text) - len(cell.text.lstrip("*_` ")))
        if found is None or _best(found[0], self.sides) != side:
            return cell
        lead = len(cell.text) - len(cell.text[found.end() :].lstrip(" \t*_`:=,"))
        return Cell(cell.offset + lead, cell.text[lead:])

    def _question(self, names: Sequence[Cell]) -> str | None:
        keys = (_best(self._side.sub(" ", cell.text), self.rows) for cell in names)
        key = next((key for key in keys if key is not None), None)
        if key is None and names and len(self.remarks) < MAX_REMARKS:
            name = names[0].text[:60]
            self.remarks.append(msg("no row is called `{name}`; it was not read", name=name))
        return key


def _best(text: str, names: Names) -> str | None:
    """The key whose names fit best; a tie is nobody's."""
    ranks = {key: rank(text, [key, *aliases]) for key, aliases in names.items()}
    best = max(ranks.values(), default=(0, 0))
    keys = [key for key, found in ranks.items() if found == best]
    return keys[0] if best[0] and len(keys) == 1 else None


def _side_pattern(sides: Names) -> re.Pattern[str]:
    """A pattern of all names of the sides, the longest first."""
    names = sorted((name for side in sides for name in (side, *sides[side])), key=len, reverse=True)
    return re.compile("|".join(map(_loose, names)), re.IGNORECASE)


def _loose(name: str) -> str:
    """A pattern of a name that does not mind blanks and hyphens."""
    body = r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", name)))
    return (r"(?<![a-z0-9])" if name[0].isascii() else "") + body + (r"(?![a-z0-9])" if name[-1].isascii() else "")
