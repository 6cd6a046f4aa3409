"""A copy of a notebook with each result below the cell that it is about; the original is only read.

Whatever came from a student stands in a fenced block, longer than any fence in it: no
Markdown, HTML or formula of theirs works there.  The page is made of the cells' text
alone, without outputs and metadata, and sanitised by nbconvert.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.exercise import Course, Exercise
from grader.field import locate
from grader.message import Message, Translate, msg
from grader.model import ExerciseReport, Outcome, Report
from grader.notebook.document import FEEDBACK_MARK, Document, read_document
from grader.notebook.notebook import Notebook
from grader.report.layout import visible
from grader.report.word import LABELS, VERDICTS, points_text

PAGE_SUFFIX = ".html"


def write_feedback(original: Path, target: Path, report: Report, course: Course, translate: Translate = str) -> None:
    """Write the copy, a notebook or, where the name ends in .html, a page.

    Raises:
        GraderError: The target is the original, or cannot be written, or nbconvert is not installed.
    """
    if target.exists() and target.samefile(original):
        raise GraderError(msg("{path}: that is the notebook itself; name another file", path=str(target)))
    try:
        data = original.read_bytes()
        results = _results(Notebook(original.name, read_document(data)), report, course, translate)
        if target.suffix.lower() == PAGE_SUFFIX:
            text = _page(with_results(_plain(data), results))
        else:
            text = json.dumps(with_results(_whole(data), results), ensure_ascii=False, indent=1) + "\n"
        target.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise GraderError(
            msg("{path}: cannot be written: {error}", path=str(target), error=error.strerror or str(error))
        ) from None


def with_results(notebook: dict[str, Any], results: Mapping[int, str]) -> dict[str, Any]:
    """The notebook with a Markdown cell below each cell that has a result; 0 is the place before all cells."""
    cells: list[Any] = []
    for number, cell in enumerate([None, *notebook["cells"]]):
        cells += [] if cell is None else [cell]
        if number in results:
            added = {"cell_type": "markdown", "metadata": {"editable": False}, "source": results[number]}
            minor = notebook.get("nbformat_minor")
            if type(minor) is int and minor >= 5:
                added["id"] = f"grade-{number}"
            cells.append(added)
    return {**notebook, "cells": cells}


def _results(notebook: Notebook, report: Report, course: Course, translate: Translate) -> dict[int, str]:
    """The text below each cell, by the cell's number; what belongs to no cell stands below the last one."""
    last = len(notebook.document.cells)
    blocks: dict[int, list[str]] = {}
    for part in report.exercises:
        exercise = course.exercise(part.exercise)
        code, text = _code_cell(notebook, exercise), _text_cell(notebook, exercise, course)
        calls = {check.name for check in exercise.checks if "student" in check.fixtures}
        placed: dict[int, list[Outcome]] = {}
        for outcome in part.outcomes:
            placed.setdefault((code if outcome.check in calls else text) or last, []).append(outcome)
        for number, outcomes in placed.items():
            blocks.setdefault(number, []).append(_block(part, outcomes, translate))
    total = msg("Total: {points}", points=points_text(report.points))
    remarks = [*report.remarks, *(remark for part in report.exercises for remark in part.remarks)]
    lines = [total.render(translate), *(f"- {remark.render(translate)}" for remark in remarks)]
    return {0: f"{FEEDBACK_MARK}\n{_fenced(lines)}"} | {
        number: f"{FEEDBACK_MARK}\n" + "\n\n".join(texts) for number, texts in blocks.items()
    }


def _code_cell(notebook: Notebook, exercise: Exercise) -> int:
    cells = [cell for name in exercise.functions for cell in notebook.cells_defining(name)]
    return max(cells, default=0)


def _text_cell(notebook: Notebook, exercise: Exercise, course: Course) -> int:
    keys = [exercise.name, *exercise.aliases]
    others = [[other.name, *other.aliases] for other in course.exercises if other is not exercise]
    found = locate([notebook.sheet], keys, exercise.fields, others).values()
    return max((located.place(1)[0] for located in found), default=0)


def _block(part: ExerciseReport, outcomes: list[Outcome], translate: Translate) -> str:
    lines = [f"{part.title.render(translate)}: {points_text(part.points).render(translate)}", ""]
    for outcome in outcomes:
        earned = "?" if outcome.verdict.is_pending else outcome.earned
        sentence = outcome.sentence.render(translate)
        lines.append(f"{VERDICTS[outcome.verdict].render(translate)}  {earned}/{outcome.possible}  {sentence}")
        if outcome.summary is not None:
            lines.append(f"    {outcome.summary.render(translate)}")
        for line in outcome.evidence:
            lines += _labelled(LABELS[line.label], line.text, translate)
    return _fenced(lines)


def _labelled(label: Message, text: Message, translate: Translate) -> Iterator[str]:
    first, *rest = text.render(translate).split("\n")
    head = f"    {label.render(translate)}: "
    yield head + first
    for line in rest:
        yield " " * len(head) + line


def _fenced(lines: list[str]) -> str:
    text = "\n".join(visible(line) for line in "\n".join(lines).split("\n"))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _whole(data: bytes) -> dict[str, Any]:
    """The notebook as it is, outputs and all; one of another version or in conflict as its cells alone."""
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        return _plain(data)
    is_current = isinstance(notebook, dict) and isinstance(notebook.get("cells"), list)
    return notebook if is_current else _plain(data)


def _plain(data: bytes) -> dict[str, Any]:
    """The text of the cells alone."""
    document: Document = read_document(data)
    notebook: dict[str, Any] = json.loads(document.to_bytes())
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return notebook | {"metadata": {}}


def _page(notebook: dict[str, Any]) -> str:
    try:
        import nbformat
        from nbconvert import HTMLExporter
    except ImportError:
        raise GraderError(
            msg("a page needs nbconvert: pip install 'convnet-grader[notebook]', or name a file that ends in .ipynb")
        ) from None
    make_exporter: Any = HTMLExporter  # which has no types, nor has nbformat
    node: Any = nbformat
    page, _ = make_exporter(sanitize_html=True).from_notebook_node(node.from_dict(notebook))
    return str(page)
