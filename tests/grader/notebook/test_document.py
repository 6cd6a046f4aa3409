"""Notebooks as they come: every version, damaged, doubled, in conflict; the same cells whatever else the file holds."""

import base64
import contextlib
import json
import os
import time

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.notebook.document import MAX_BRACKETS, MAX_BYTES, Cell, UnreadableNotebookError, read_document

SOURCE = "import numpy as np\n\n\ndef double(x):\n    return 2 * x"
CELLS = (Cell("markdown", "# HW1\n\nyes"), Cell("code", SOURCE))


def notebook(cells=None, **more):
    cells = cells or [
        {"cell_type": "markdown", "metadata": {}, "source": "# HW1\n\nyes"},
        {"cell_type": "code", "metadata": {}, "source": SOURCE, "outputs": [], "execution_count": None},
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def read(data):
    return read_document(json.dumps(data).encode())


def reason(data):
    with pytest.raises(UnreadableNotebookError) as caught:
        read_document(data)
    return str(caught.value)


def test_a_notebook_that_nbformat_wrote_is_read_in_versions_3_and_4():
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# HW1\n\nyes"), nbformat.v4.new_code_cell(SOURCE)]
    )
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_heading_cell("HW1", level=1),
                    nbformat.v3.new_text_cell("markdown", source="yes"),
                    nbformat.v3.new_code_cell(input=SOURCE),
                ]
            )
        ]
    )

    assert read_document(nbformat.writes(made).encode()).cells == CELLS
    assert read_document(nbformat.v3.writes_json(old).encode()).cells == (
        Cell("markdown", "# HW1"),
        Cell("markdown", "yes"),
        Cell("code", SOURCE),
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda cell: cell.pop("metadata"),
        lambda cell: cell.update(metadata=None),
        lambda cell: cell.update(metadata={"nbgrader": "?"}, id=7, execution_count="x"),
        lambda cell: cell.update(metadata={"id": "a", "cellView": "form", "colab": {"base_uri": "https://x"}}),
        lambda cell: cell.update(source=cell["source"].splitlines(keepends=True)),
        lambda cell: cell.update(source=cell["source"].replace("\n", "\r\n")),
        lambda cell: cell.update(outputs=[{"data": {"text/html": "<script>"}}], attachments={"a": 1}),
    ],
)
def test_what_is_lost_or_damaged_beside_the_text_of_a_cell_does_no_harm(damage):
    data = notebook()
    for cell in data["cells"]:
        damage(cell)

    assert read(data).cells == CELLS


def test_a_code_cell_whose_type_is_lost_is_known_by_its_outputs():
    data = notebook()
    for cell in data["cells"]:
        del cell["cell_type"]

    assert read(data).cells == CELLS


def test_fifty_mebibytes_of_outputs_are_not_kept_and_cost_a_second():
    image = base64.b64encode(os.urandom(2**20)).decode()
    data = notebook()
    data["cells"][1]["outputs"] = [{"output_type": "display_data", "data": {"image/png": image}}] * 38
    raw = json.dumps(data).encode()
    start = time.process_time()

    document = read_document(raw)

    assert len(raw) > 50 * 2**20
    assert time.process_time() - start < 3
    assert document.cells == CELLS
    assert document.to_bytes() == read(notebook()).to_bytes()


@given(
    st.lists(
        st.builds(Cell, st.sampled_from(["code", "markdown"]), st.text(max_size=30), st.sampled_from(["", "locked"]))
    )
)
def test_what_is_kept_is_a_notebook_with_the_same_cells(cells):
    raw = [
        {
            "cell_type": cell.kind,
            "source": cell.text,
            "metadata": {"nbgrader": {"locked": cell.role == "locked", "solution": False, "grade": False}},
        }
        for cell in cells
    ]
    document = read({"cells": raw, "metadata": {}})

    assert [(cell.kind, cell.role) for cell in document.cells] == [(cell.kind, cell.role) for cell in cells]
    assert read_document(document.to_bytes()) == document


def conflict(upper, lower, base=None):
    middle = "" if base is None else f"||||||| base\n{base}\n"
    return f"<<<<<<< HEAD\n{upper}\n{middle}=======\n{lower}\n>>>>>>> other\n"


@pytest.mark.parametrize("base", [None, '"execution_count": 1,'])
def test_of_a_saved_merge_conflict_the_upper_side_is_read_and_it_is_said(base):
    raw = json.dumps(notebook(), indent=1)
    assert '"execution_count": null' in raw
    raw = raw.replace(
        '   "execution_count": null', conflict('"execution_count": 3', '"execution_count": 9', base).strip()
    )

    document = read_document(raw.encode())

    assert document.cells == CELLS
    assert "merge conflict" in str(document.remarks[0])


def test_where_the_upper_side_is_no_notebook_the_lower_one_is_read():
    raw = conflict('{"cells": [', json.dumps(notebook()))

    assert read_document(raw.encode()).cells == CELLS


def test_a_conflict_inside_a_cell_keeps_the_lines_where_they_are():
    text = "a = 1\n" + conflict("b = 2", "b = 3") + "c = 4"
    document = read(notebook([{"cell_type": "code", "source": text, "metadata": {}, "outputs": []}]))

    assert document.cells[0].text.split("\n") == ["a = 1", "", "b = 2", "", "", "", "c = 4"]
    assert "conflict" in str(document.remarks[0])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "it is a web page, not a notebook"),
        (json.dumps(notebook(), indent=1).encode()[:150], "it ends in the middle"),
        (json.dumps(notebook()).replace(":", ";", 1).encode(), "line 1 is damaged"),
        (b"", "it is empty"),
        (b"\xff\xfe\xfd\xfa\x80\x81\xff", "its bytes are not text"),
        (b"[]", "it holds no cells"),
        (b'{"nbformat": 4}', "it holds no cells"),
        (b'{"cells": {"0": 1}}', "it holds no cells"),
        (b"[" * 5000, "its JSON cannot be read"),
        (b'{"cells": [' + b"[]," * MAX_BRACKETS + b"[]]}", "its outputs are too large"),
        (b" " * (MAX_BYTES + 1), "more than the 64 MiB"),
        (json.dumps(notebook([{"cell_type": "raw", "source": "x" * 3 * 2**20}])).encode(), "more than 2 MiB of text"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_is_no_notebook_is_called_what_it_is(data, said):
    assert said in reason(data)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)))
def test_cells_of_any_json_are_read_or_refused_in_words(value):
    for data in (
        {"cells": value},
        {"cells": [value]},
        {"cells": [{"cell_type": value, "source": value, "metadata": value}]},
        {"worksheets": value},
        {"worksheets": [{"cells": value}]},
        {"cells": [], "metadata": value},
    ):
        with contextlib.suppress(UnreadableNotebookError):
            assert isinstance(read(data).cells, tuple)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encoding_does_not_matter(encoding):
    data = json.dumps(notebook([{"cell_type": "markdown", "source": "# 卷积", "metadata": {}}]), ensure_ascii=False)

    assert read_document(data.encode(encoding)).cells == (Cell("markdown", "# 卷积"),)


def test_a_lone_surrogate_is_no_reason_to_fail():
    document = read_document(b'{"cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}')

    assert document.cells == (Cell("code", "x = '?'"),)
    assert read_document(document.to_bytes()) == document


@pytest.mark.parametrize(
    ("marks", "kind", "role"),
    [
        ({"locked": True, "solution": False, "grade": False}, "markdown", "locked"),
        ({"locked": True, "solution": False, "grade": True}, "code", "test"),
        ({"locked": True, "solution": False, "grade": False}, "code", "locked"),
        ({"locked": False, "solution": True, "grade": True}, "markdown", ""),
        ({"locked": True, "solution": True, "grade": True}, "markdown", ""),
        ({"locked": "yes"}, "markdown", ""),
        ([], "markdown", ""),
    ],
)
def test_nbgrader_says_which_cells_are_the_teachers(marks, kind, role):
    marks = {"schema_version": 3, "grade_id": "a", **marks} if isinstance(marks, dict) else marks
    document = read(notebook([{"cell_type": kind, "source": "x", "metadata": {"nbgrader": marks}}]))

    assert document.cells[0].role == role
    assert read_document(document.to_bytes()) == document


def test_the_student_of_the_template_is_kept_and_no_other_text():
    assert read(notebook(metadata={"grade": {"student": "2024001"}})).student == "2024001"
    assert read(notebook(metadata={"grade": {"student": "a\nb"}})).student is None
    assert read(notebook(metadata={"grade": [1]})).student is None
