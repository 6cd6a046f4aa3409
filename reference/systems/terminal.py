"""The catalogue in the terminal: an overview, or all about one system."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from reference.systems.measure import Entry
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


def print_overview(console: Console, entries: Sequence[Entry]) -> None:
    """Print one line a system."""
    table = Table(title="The systems of the lecture")
    for head in ("System", "Year", "Task"):
        table.add_column(head, no_wrap=head != "Task")
    for head in ("Parameters", "MACs", "Field of view"):
        table.add_column(head, justify="right")
    table.add_column("Headline", ratio=1)
    for entry in entries:
        system = entry.system
        headline = f"{system.results[0].value}, {system.results[0].what}" if system.results else "-"
        cells = [system.name, str(system.year), system.task, *main_net(entry.measured), headline]
        table.add_row(*map(escape, cells))
    console.print(table)
    console.print("More about one of them: python -m reference --system NAME")


def print_system(console: Console, entry: Entry) -> None:
    """Print what is known of one system."""
    system = entry.system
    console.print(f"[bold]{escape(system.name)}[/bold], {system.year}, {escape(system.task)}")
    _sentences(console, "", [f"{system.paper}.", *system.distinctive])
    _sentences(console, "In reference.models", [", ".join(system.classes)])
    if entry.measured:
        console.print(_nets(entry))
    if any(measured.compared for measured in entry.measured):
        console.print(_comparisons(entry))
    _sentences(console, "Results", [f"{result.value} {result_text(result)}" for result in system.results])
    _sentences(console, "To know", system.deviations)


def _nets(entry: Entry) -> Table:
    table = Table(title="Measured")
    for head in ("Net", "Input"):
        table.add_column(head)
    for head in ("Parameters", "Batch norm", "MACs", "Activations", "Field of view"):
        table.add_column(head, justify="right")
    for one in entry.measured:
        numbers = [f"{number:,}" for number in (one.parameters, one.batch_norm, one.macs, one.activations)]
        view = f"{view_text(one.fields)} at {view_label(one.net)}"
        table.add_row(*map(escape, [one.net.name, input_text(one.net), *numbers, view]))
    return table


def _comparisons(entry: Entry) -> Table:
    table = Table(title="Published, and ours")
    for head in ("Net", "Quantity"):
        table.add_column(head)
    for head in ("Published", "Ours"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("Source", ratio=1)
    for one in entry.measured:
        for compared in one.compared:
            comparison = compared.comparison
            cells = [
                one.net.name,
                quantity_text(comparison.quantity, comparison.place),
                published_text(compared.fact),
                f"{compared.measured:,}",
                verdict(compared),
                compared.fact.source,
            ]
            table.add_row(*map(escape, cells))
    return table


def _sentences(console: Console, title: str, sentences: Sequence[str]) -> None:
    if title and sentences:
        console.print(f"{title}:")
    for sentence in sentences:
        console.print(Padding(escape(sentence), (0, 0, 0, 2)))
