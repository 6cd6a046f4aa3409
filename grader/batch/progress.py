"""How far a batch is: a live table on a terminal, a line for each submission anywhere else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from grader.batch.done import PARTLY, PASSED, REVIEW, WITHOUT, Done, Entry
from grader.message import Message, Translate, msg
from grader.report.layout import visible
from grader.report.word import points_text

STATES = {
    PASSED: msg("all passed"),
    REVIEW: msg("waiting for a human"),
    PARTLY: msg("something did not pass"),
    WITHOUT: msg("without a result"),
}


def said(done: Entry) -> Message:
    """What became of a submission, in one phrase."""
    if done.reason is not None:
        return done.reason
    assert done.points is not None
    points = points_text(done.points)
    return msg("{points} (known before)", points=points) if done.was_known else points


def line(number: int, total: int, done: Entry, translate: Translate) -> str:
    """A submission as one line."""
    who = " ".join(filter(None, (done.task.person.id, done.task.person.name)))
    return visible(f"[{number}/{total}] {who}: {said(done).render(translate)}")


@contextmanager
def shown(
    console: Console, total: int, translate: Translate, workers: Callable[[], int] | None = None
) -> Iterator[Callable[[Done], None]]:
    """Show progress on a console for as long as this is entered; what is yielded is told of each submission.

    Args:
        workers: How many workers a cluster has now; None where there is no cluster.
    """
    finished: list[Entry] = []
    if not console.is_terminal:

        def tell(done: Done) -> None:
            finished.append(done.entry)
            console.print(line(len(finished), total, finished[-1], translate), soft_wrap=True)

        yield tell
        return
    bar = Progress(
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}", markup=False), TimeRemainingColumn()
    )
    task = bar.add_task("", total=total, rate="")
    start = time.monotonic()

    def picture() -> Group:
        return Group(bar, table(finished, translate, workers() if workers is not None else None))

    with Live(console=console, transient=True, get_renderable=picture) as live:

        def update(done: Done) -> None:
            finished.append(done.entry)
            a_minute = 60 * len(finished) / max(time.monotonic() - start, 1e-3)
            rate = msg("{count} a minute", count=round(a_minute)).render(translate)
            bar.update(task, completed=len(finished), rate=rate)
            live.refresh()

        yield update


def table(finished: list[Entry], translate: Translate, workers: int | None = None) -> Table:
    """How many submissions are in which state, what became of the last ones, and how many workers a cluster has."""
    counts = Counter(one.state for one in finished)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for name, words in STATES.items():
        grid.add_row(str(counts[name]), words.render(translate))
    if workers is not None:
        grid.add_row(str(workers), msg("workers of the cluster").render(translate))
    for number in range(max(0, len(finished) - 3), len(finished)):
        grid.add_row("", line(number + 1, len(finished), finished[number], translate))
    return grid
