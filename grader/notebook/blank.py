"""The whole homework as one empty notebook: for each exercise its prompts, a cell for each answer, a cell for its code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*$")
_COLON = re.compile(r"[:：]\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """What an exercise gives to the notebook; `names` open its heading, as in "HW1 conv_by_hand"."""

    names: str
    prompts: tuple[str, ...]
    sheet: str | None
    code: str | None


def render(intro: str, parts: Iterable[Part], student: str | None) -> str:
    """The notebook as JSON text, the same for the same parts.

    Prompts keep no heading but the one that names the exercise, so that nothing in
    them can be taken for the heading of an answer.
    """
    cells = [_text(intro)]
    for part in parts:
        cells += [_text(_prompt(prompt, part.names)) for prompt in part.prompts]
        cells += [_text(piece) for piece in sections(part.sheet or "")]
        if part.code is not None:
            cells.append({"cell_type": "code", "execution_count": None, "outputs": []} | _source(part.code))
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata: dict[str, object] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    if student is not None:
        metadata["grade"] = {"student": student}
    data = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def sections(sheet: str) -> tuple[str, ...]:
    r"""A sheet cut before each heading.

    Example:
        >>> sections("# HW1\ntext\n\n## full\n```\n# no heading\n```\n## same\n")
        ('# HW1\ntext', '## full\n```\n# no heading\n```', '## same')
    """
    pieces: list[list[str]] = [[]]
    for line, is_fenced in _fenced(sheet.split("\n")):
        if not is_fenced and _HEADING.match(line):
            pieces.append([])
        pieces[-1].append(line)
    texts = ("\n".join(piece).strip() for piece in pieces)
    return tuple(text for text in texts if text)


def _prompt(text: str, names: str) -> str:
    lines: list[str] = []
    for line, is_fenced in _fenced(text.strip().split("\n")):
        heading = None if is_fenced else _HEADING.match(line)
        if heading is None:
            lines.append(line)
        elif not lines:
            title = _COLON.split(heading[2], maxsplit=1)[-1]
            lines.append(f"# {names}: {title}")
        else:
            lines.append(f"**{heading[2]}**")
    return "\n".join(lines)


def _fenced(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        is_inside = bool(fence)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        yield line, is_inside or mark is not None


def _text(text: str) -> dict[str, object]:
    return {"cell_type": "markdown"} | _source(text)


def _source(text: str) -> dict[str, object]:
    return {"metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
