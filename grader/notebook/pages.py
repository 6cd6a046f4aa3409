"""The texts of several cells as one text, and the way back from its lines to the cells."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a cell; both are counted from 1, cells of every kind."""

    cell: int
    line: int


@dataclass(frozen=True, slots=True)
class Pages:
    """The texts of some cells as one text; `starts` are the first lines of the cells, `cells` their numbers."""

    text: str
    starts: tuple[int, ...]
    cells: tuple[int, ...]

    @classmethod
    def of(cls, parts: Iterable[tuple[int, str]], head: str = "", gap: str = "\n") -> Pages:
        r"""Join (number of the cell, text) with a gap between them.

        Example:
            >>> pages = Pages.of([(2, "a = 1"), (5, "b = 2\nc = 3")])
            >>> pages.text
            'a = 1\nb = 2\nc = 3\n'
            >>> pages.place(3)
            Place(cell=5, line=2)
        """
        texts, starts, cells = [head], [], []
        line = head.count("\n") + 1
        for number, text in parts:
            starts.append(line)
            cells.append(number)
            texts += [text, gap]
            line += text.count("\n") + gap.count("\n")
        return cls("".join(texts), tuple(starts), tuple(cells))

    def place(self, line: int) -> Place:
        """Where a line of the joined text stands in the notebook."""
        index = bisect.bisect_right(self.starts, line) - 1
        return Place(self.cells[index], line - self.starts[index] + 1) if index >= 0 else Place(1, 1)
