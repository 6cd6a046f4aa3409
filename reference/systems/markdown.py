"""The catalogue as a page: docs/catalogue.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

HEAD = """\
# Catalogue

Every system of the lecture, in its order: what is new in it, what was published, and what we measure.
`python -m reference` prints it, `make docs` writes this page; a test holds it fresh.

Parameters are weights and biases; batch normalisation is listed apart.
One MAC is one multiply-accumulate of a convolution, a deconvolution or a dense layer; nothing else counts.
Activations are the numbers in the outputs of convolutions, poolings, their reverses and dense layers, for one input.
The field of view is measured in pixels of the input, at the place that is named; "all" is the whole input.
"From memory" marks a print that was not at hand when it was written down: no test relies on it.
"""


def render(entries: Sequence[Entry]) -> str:
    """Write the page."""
    rows = []
    for entry in entries:
        system = entry.system
        headline = system.results[0]
        rows.append(
            [
                f"[{system.name}](#{system.anchor})",
                str(system.year),
                system.task,
                *main_net(entry.measured),
                f"{headline.value}, {headline.what}",
            ]
        )
    heads = ["System", "Year", "Task", "Parameters", "MACs", "Field of view", "Headline"]
    overview = _table(heads, rows, right={3, 4, 5})
    return "\n".join([HEAD, overview, *map(_section, entries)])


def _section(entry: Entry) -> str:
    system = entry.system
    parts = [
        f"## {system.name}\n",
        f"{system.paper}.\n",
        _list(system.distinctive),
        f"In `reference.models`: {', '.join(f'`{name}`' for name in system.classes)}.\n",
        _nets(entry.measured),
    ]
    if any(measured.compared for measured in entry.measured):
        parts.append("Published, and ours:\n")
        parts.append(_comparisons(entry.measured))
    parts.append("Results:\n")
    parts.append(_list(f"**{result.value}** {result_text(result)}" for result in system.results))
    if system.deviations:
        parts.append("To know:\n")
        parts.append(_list(system.deviations))
    return "\n".join(parts)


def _nets(measured: Iterable[Measured]) -> str:
    rows = [
        [
            one.net.name,
            input_text(one.net),
            f"{one.parameters:,}",
            f"{one.batch_norm:,}" if one.batch_norm else "-",
            f"{one.macs:,}",
            f"{one.activations:,}",
            f"{view_text(one.fields)} at {view_label(one.net)}",
        ]
        for one in measured
    ]
    heads = ["Net", "Input", "Parameters", "Batch norm", "MACs", "Activations", "Field of view"]
    return _table(heads, rows, right={2, 3, 4, 5})


def _comparisons(measured: Iterable[Measured]) -> str:
    rows = [
        [
            one.net.name,
            quantity_text(compared.comparison.quantity, compared.comparison.place),
            published_text(compared.fact),
            f"{compared.measured:,}",
            verdict(compared),
            compared.fact.source,
        ]
        for one in measured
        for compared in one.compared
    ]
    return _table(["Net", "Quantity", "Published", "Ours", "", "Source"], rows, right={2, 3})


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: set[int]) -> str:
    line = ["---:" if i in right else "---" for i in range(len(heads))]
    cells = [heads, line, *([text.replace("|", r"\|") for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences) + "\n"
