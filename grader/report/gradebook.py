"""The gradebook as a table for a terminal: points by student and exercise, with a legend, and what to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from rich.console import Console
from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from grader.errors import GraderError
from grader.gradebook.regrade import Plan
from grader.gradebook.table import Row, Table
from grader.message import Translate, msg
from grader.model import Points
from grader.report.layout import visible

ABSENT, UNGRADED = "-", "!"
ANY_WIDTH = 10_000
LEGEND = msg("?: points still open  *: marked by hand  -: nothing handed in or graded  !: could not be graded")
LEGEND_EARLIER = msg("~: of an earlier version of the exercise, or of what it rests on")


def ordered(table: Table, column: str = "id", *, reverse: bool = False) -> Table:
    """The table in another order; who has no mark in the column comes last either way.

    Args:
        column: "id", "name", "total" or an exercise.

    Raises:
        GraderError: There is no such column.
    """
    columns = ("id", "name", "total", *table.exercises)
    if column not in columns:
        raise GraderError(
            msg("there is no column {column}; there are: {columns}", column=column, columns=", ".join(columns))
        )

    def earned(row: Row) -> Points | None:
        cell = row.cells.get(column)
        return (row.points if row.is_graded else None) if column == "total" else cell.points if cell else None

    def by_id(row: Row) -> tuple[int, str, str]:
        name = row.person.id
        return (len(name), name, name) if name.isdecimal() else (sys.maxsize, name.casefold(), name)  # numbers first

    rows = sorted(table.rows, key=by_id)
    if column in ("id", "name"):
        rows.sort(key=(lambda row: row.person.name.casefold()) if column == "name" else by_id, reverse=reverse)
        return replace(table, rows=tuple(rows))
    marked = [(found.earned, row) for row in rows if (found := earned(row)) is not None]
    marked.sort(key=lambda pair: pair[0], reverse=reverse)
    return replace(table, rows=(*(row for _, row in marked), *(row for row in rows if earned(row) is None)))


def show(table: Table, console: Console, translate: Translate = str) -> None:
    """Print the table; where no terminal sets a width, it is as wide as it needs to be.

    On a terminal that is too narrow, numbers stand for the exercises, and below the table what they are.
    """
    grid = _grid(table, table.exercises, translate)
    needed = console.measure(grid, options=console.options.update(width=ANY_WIDTH)).maximum
    if not console.is_terminal:
        console.width = max(console.width, needed)
    if needed <= console.width:
        console.print(grid)
    else:
        numbers = tuple(str(number) for number, _ in enumerate(table.exercises, 1))
        console.print(_grid(table, numbers, translate))
        console.print(", ".join(f"{number}={name}" for number, name in zip(numbers, table.exercises, strict=True)))
    if table.rows:
        console.print(LEGEND.render(translate), soft_wrap=True, style="dim")
    if any(cell.is_earlier for row in table for cell in row.cells.values()):
        console.print(LEGEND_EARLIER.render(translate), soft_wrap=True, style="dim")
    for remark in table.remarks:
        console.print(f"- {visible(remark.render(translate))}", soft_wrap=True)
    for row in table:
        for problem in row.problems:
            said = msg("{student}: {problem}", student=row.person.id, problem=problem).render(translate)
            console.print(f"- {visible(said)}", soft_wrap=True)


def _grid(table: Table, titles: Iterable[str], translate: Translate) -> Grid:
    heads = [msg("id"), msg("name"), msg("total")]
    first, second, last = (head.render(translate) for head in heads)
    grid = Grid(
        Column(first, no_wrap=True),
        Column(second, no_wrap=True, overflow="ellipsis", min_width=4),
        *(Column(Text(title), justify="right", no_wrap=True) for title in titles),
        Column(last, justify="right", no_wrap=True),
        box=None,
        padding=(0, 1),
        pad_edge=False,
        header_style="bold",
    )
    grid.add_row(
        Text(""), Text(msg("possible").render(translate), "dim"), *_dim(map(table.possible, table.exercises)),
        *_dim([table.total]),
    )  # fmt: skip
    for row in table:
        cells = [_cell(row, name) for name in table.exercises]
        total = _points(row.points, any(cell.reviews for cell in row.cells.values())) if row.is_graded else _none(row)
        grid.add_row(Text(visible(row.person.id)), Text(visible(row.person.name)), *cells, total)
    return grid


def _dim(numbers: Iterable[int]) -> list[Text]:
    return [Text(str(number), "dim") for number in numbers]


def _cell(row: Row, exercise: str) -> Text:
    cell = row.cells.get(exercise)
    return _none(row) if cell is None else _points(cell.points, bool(cell.reviews), is_earlier=cell.is_earlier)


def _points(points: Points, by_hand: bool, *, is_earlier: bool = False) -> Text:
    """`3+4?`: earned, and open; `3*` where a human gave some of them; `3~` of an earlier version."""
    still_open = f"+{points.pending}?" if points.pending else ""
    text = f"{points.earned}{still_open}{'*' if by_hand else ''}{'~' if is_earlier else ''}"
    return Text(text, "cyan" if points.pending else "")


def _none(row: Row) -> Text:
    is_ungraded = row.submission is not None and not row.is_graded
    return Text(UNGRADED if is_ungraded else ABSENT, "yellow")


def show_plan(plan: Plan, console: Console, translate: Translate = str) -> None:
    """Print what a regrading would change: a line for a mark, and below it why."""
    for change in plan.shown:
        said = msg(
            "{student}, {exercise}: {old} -> {new}",
            student=change.recount.person,
            exercise=change.recount.exercise,
            old=_points(change.old, change.by_hand is not None).plain,
            new=_points(change.new, change.by_hand is not None).plain,
        )
        console.print(visible(said.render(translate)), soft_wrap=True, style="bold red" if change.is_drop else "bold")
        for line in change.evidence:
            for piece in visible(line.render(translate)).split("\n"):
                console.print(f"    {piece}", soft_wrap=True)
    for reason in plan.ungradable:
        console.print(f"- {visible(reason.render(translate))}", soft_wrap=True)
    counts = msg(
        "{changed} marks change, {drops} of them become lower; {unchanged} new results give the same points.",
        changed=len(plan.shown),
        drops=len(plan.drops),
        unchanged=len(plan.changes) - len(plan.shown),
    )
    console.print(counts.render(translate), soft_wrap=True)
