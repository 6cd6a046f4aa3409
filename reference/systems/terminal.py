"""The catalogue in the terminal: an overview, or all about one system."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from reference.systems.measure import Entry, Measured
from reference.systems.quantity import (
    input_text,
    main_net,
    published_text,
    quantity_text,
    result_text,
    verdict,
    view_label,
    view_text,
)

ROOM_FOR_HEADLINES = 110  # columns


def print_overview(console: Console, entries: Sequence[Entry]) -> None:
    """Print one line a system; a narrow terminal has no room for tasks and headlines."""
    table = Table(title="The systems of the lecture")
    has_room = console.width >= ROOM_FOR_HEADLINES
    for head in ("System", "Year"):
        table.add_column(head, no_wrap=True)
    for head in ("Parameters", "MACs", "Field of view"):
        table.add_column(head, justify="right", no_wrap=True)
    if has_room:
        table.add_column("Task")
        table.add_column("Headline", ratio=1)
    for entry in entries:
        system = entry.system
        cells = [system.name, str(system.year), *main_net(entry.measured)]
        if has_room:
            headline = system.results[0]
            cells += [system.task, f"{headline.value}, {headline.what}"]
        table.add_row(*map(escape, cells))
    console.print(table)
    console.print("More about one of them: python -m reference --system NAME")


def print_system(console: Console, entry: Entry) -> None:
    """Print what is known of one system."""
    system = entry.system
    console.print(f"[bold]{escape(system.name)}[/bold], {system.year}, {escape(system.task)}", highlight=False)
    _sentences(console, "", [f"{system.paper}.", *system.distinctive])
    _sentences(console, "In reference.models", [", ".join(system.classes)])
    for measured in entry.measured:
        _print_net(console, measured)
    _sentences(console, "Results", [f"{result.value} {result_text(result)}" for result in system.results])
    _sentences(console, "To know", system.deviations)


def _print_net(console: Console, measured: Measured) -> None:
    """What was measured, line by line, and below it the published numbers, each with its source."""
    console.print(
        f"\n[bold]{escape(measured.net.name)}[/bold], input {escape(input_text(measured.net))}", highlight=False
    )
    lines = [
        ("parameters", f"{measured.parameters:,}"),
        ("of batch normalisation", f"{measured.batch_norm:,}"),
        ("MACs", f"{measured.macs:,}"),
        ("activations", f"{measured.activations:,}"),
        (f"field of view at {view_label(measured.net)}", view_text(measured.fields)),
    ]
    compared = [(quantity_text(one.comparison.quantity, one.comparison.place), one) for one in measured.compared]
    width = max(len(words) for words, _ in [*lines, *compared])
    for words, number in lines:
        console.print(f"  {words:<{width}}  {number:>17}", markup=False, highlight=False)
    for words, one in compared:
        console.print(f"  {words:<{width}}  {one.measured:>17,}", markup=False, highlight=False)
        printed = f"published {published_text(one.fact)}, {verdict(one)}: {one.fact.source}"
        console.print(Padding(escape(printed), (0, 0, 0, 6), style="dim"), highlight=False)


def _sentences(console: Console, title: str, sentences: Sequence[str]) -> None:
    if title and sentences:
        console.print(f"\n{title}")
    for sentence in sentences:
        console.print(Padding(escape(sentence), (0, 0, 0, 2)), highlight=False)
