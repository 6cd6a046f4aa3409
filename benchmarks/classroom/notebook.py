"""Notebooks as students save them: the same code and answers as in files, and what happens to notebooks."""

import ast
import json
import random
import re

import nbformat
from nbformat import v4

KINDS = ("plain", "out of order", "version 3", "damaged metadata", "merge conflict", "Colab", "big outputs", "Classic")
BIG = 2 * 2**20  # characters of an output that nobody reads


def notebook(student: str, code: dict[str, str], sheets: list[str], kind: str, draw: random.Random) -> bytes:
    """A notebook that holds the code of some files and answers by hand."""
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    cells = [v4.new_markdown_cell("作业: 卷积神经网络")]
    cells += [v4.new_code_cell("%matplotlib inline\n!pip install numpy" if kind == "Colab" else "import math")]
    programs = [v4.new_code_cell(text) for text in code.values()]
    answers = [v4.new_markdown_cell(part) for sheet in sheets for part in _parts(sheet)]
    cells += [*answers, *programs] if draw.random() < 0.5 else [*programs, *answers]
    if kind == "out of order":
        cells.insert(1, v4.new_code_cell("print(later)"))
        cells.append(v4.new_code_cell("later = 1"))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
        if cell.cell_type == "code":
            cell.execution_count = draw.randrange(1, 99)
            size = BIG if kind == "big outputs" else 9
            cell.outputs = [v4.new_output("stream", name="stdout", text="0" * size + "\n")]
    made = v4.new_notebook(cells=cells, metadata={"grade": {"student": student}})
    if kind == "version 3":
        return nbformat.writes(nbformat.convert(made, 3)).encode()
    if kind == "Classic":
        made.metadata |= {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        return nbformat.writes(made).encode()
    data = json.loads(nbformat.writes(made))
    if kind == "damaged metadata":
        data["metadata"] |= {"kernelspec": None, "language_info": 3}
        for cell in data["cells"]:
            cell["metadata"] = {"nbgrader": {"grade_id": "same", "solution": "yes"}, "tags": "none"}
            cell.pop("id")
    if kind == "Colab":
        data["metadata"] |= {"colab": {"provenance": [], "collapsed_sections": []}, "accelerator": "GPU"}
        for number, cell in enumerate(data["cells"]):
            cell["metadata"] = {"id": f"x{number}", "colab": {"base_uri": "https://localhost:8080/"}}
            cell["source"] = "".join(cell["source"])
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return (_conflict(text) if kind == "merge conflict" else text).encode()


def names(code: str) -> frozenset[str]:
    """What a file defines or imports at its top: two files of one notebook must not share a name for two things."""
    found = set()
    for statement in ast.parse(code).body:
        for node in ast.walk(statement) if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)) else [statement]:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return frozenset(found)


def _parts(sheet: str) -> list[str]:
    """A sheet as the cells of its headings, unless something in it reaches over them."""
    if "```" in sheet or "~~~" in sheet:
        return [sheet]
    return [part for part in re.split(r"(?m)^(?=##? )", sheet) if part.strip()]


def _conflict(text: str) -> str:
    """The counter of the first cell as two people have saved it."""
    line = re.search(r'(?m)^ *"execution_count": \d+,?\n', text)
    if line is None:
        return text
    both = f"<<<<<<< HEAD\n{line[0]}=======\n{line[0]}>>>>>>> 2f1c\n"
    return text[: line.start()] + both + text[line.end() :]
