"""Notebooks as a program and an answer sheet: cells found by content, lines found again, nothing swallowed."""

import json

import pytest

from grader.answers.sheet import Duplicate
from grader.field import Answers, Field, UnreadableField, locate
from grader.intake import Submission, read_submission
from grader.message import Message
from grader.notebook.document import FEEDBACK_MARK, Cell, Document, read_document
from grader.notebook.need import needed_lines
from grader.notebook.notebook import Notebook
from grader.notebook.pages import Pages, Place
from grader.sandbox.source import parse


def notebook(*cells):
    """A notebook of (kind, text) or (kind, text, role)."""
    return Notebook("hw.ipynb", Document(tuple(Cell(*cell) for cell in cells)))


def written(*cells):
    return Document(tuple(Cell(*cell) for cell in cells)).to_bytes()


def test_every_line_of_the_program_knows_its_cell():
    found = notebook(("markdown", "# A"), ("code", "a = 1\nb = 2"), ("raw", "x"), ("code", "%%time\n\nc = 3"))
    lines = found.code.text.split("\n")

    assert found.code.place(lines.index("b = 2") + 1) == Place(2, 2)
    assert found.code.place(lines.index("c = 3") + 1) == Place(4, 3)
    assert found.source.defines() == {"a", "b", "c"}


def test_the_statement_of_an_encoding_in_a_cell_is_a_comment():
    found = notebook(("code", "# -*- coding: gbk -*-\nname = '卷积'"))

    assert not found.code.text.split("\n")[0].startswith("# -*-")
    assert "coding" not in "".join(found.code.text.split("\n")[:2])


def test_a_cell_that_is_no_python_costs_only_itself():
    bad = [("code", f"def broken_{number}(:\n    pass") for number in range(30)]
    found = notebook(*bad, ("code", "def good():\n    return 1"))

    assert found.source.defines() == {"good"}
    assert str(found.remarks[0]).startswith("hw.ipynb, cell 1, line 1 is not Python")
    assert len(found.remarks) == 3


def test_the_cells_that_define_a_name_are_found_and_the_last_one_counts():
    found = notebook(
        ("code", "def f():\n    return 1"), ("code", "f()"), ("code", "if 1:\n    def f():\n        return 2")
    )

    assert found.cells_defining("f") == (1, 3)
    assert [str(remark) for remark in found.several_definitions(["f", "g"])] == [
        "f is defined in the cells 1, 3; the last one counts."
    ]


def test_a_missing_function_in_a_cell_that_was_left_out_is_named_by_its_cell():
    submission = Submission({"hw.ipynb": written(("markdown", "x"), ("code", "x = 1\n\ndef f(:\n    return 1"))})

    assert "hw.ipynb, cell 2, line 3 is not Python" in str(submission.find("f.py", ("f",)))
    assert str(submission.find("g.py", ("g",))) == "Expected a cell of hw.ipynb that defines g."


def test_a_notebook_that_cannot_be_read_is_why_a_function_is_missing(tmp_path):
    (tmp_path / "hw.ipynb").write_text("<html>")
    (tmp_path / "answers.md").write_text("# A\n")

    assert "hw.ipynb cannot be read: it is a web page" in str(read_submission(tmp_path).find("f.py", ("f",)))


def test_a_file_that_leaves_it_unwritten_gives_way_to_a_notebook_that_does_not():
    starter = b'def f(x):\n    """Doc."""\n    raise NotImplementedError("write me")\n'
    right = written(("code", "def f(x):\n    return x"))

    assert Submission({"f.py": starter, "hw.ipynb": right}).find("f.py", ("f",)) == "hw.ipynb"
    assert Submission({"f.py": b"def f(x):\n    return 1\n", "hw.ipynb": right}).find("f.py", ("f",)) == "f.py"
    assert Submission({"f.py": starter, "hw.ipynb": written(("code", starter.decode()))}).find("f.py", ("f",)) == "f.py"


def test_a_class_whose_constructor_is_not_written_is_unwritten():
    source = parse("class Net:\n    def __init__(self):\n        raise NotImplementedError\n", "")

    assert source.leaves_unwritten() == {"Net"}
    assert (
        parse("def f(k):\n    if k:\n        raise NotImplementedError\n    return 1\n", "").leaves_unwritten() == set()
    )


FIELDS = [Field("full", "matrix"), Field("same", "matrix")]


def located(*cells):
    return locate([notebook(*cells).sheet], ["HW1"], FIELDS, [])


def test_answers_stand_in_text_cells_under_their_headings_and_code_between_them_is_not_read():
    found = located(
        ("markdown", "# HW1"), ("markdown", "## full\n1 2"), ("code", "# same\n"), ("markdown", "3 4\n## same\n5")
    )

    assert found["full"].text.split() == ["1", "2", "3", "4"]
    assert found["same"].text == "5"


def test_out_of_order_cells_do_no_harm():
    found = located(("markdown", "## same\n5"), ("code", "x"), ("markdown", "## full\n1 2"))

    assert (found["full"].text, found["same"].text) == ("1 2", "5")


@pytest.mark.parametrize("open_end", ["```\n1 2", "~~~~\n1 2", "1 2\n<!-- open", "1 2\n\n<!-- a --> <!--"])
def test_no_cell_swallows_the_next_one(open_end):
    found = located(("markdown", f"## full\n{open_end}"), ("markdown", "## same\n5 --> 6"))

    assert "1 2" in found["full"].text
    assert found["same"].text == "5 --> 6"


def test_an_unreadable_answer_is_found_in_its_cell():
    found = located(("markdown", "# HW1\n\ntext"), ("code", "1"), ("markdown", "## full\n\n1 2\n3 x y ! z"))
    with pytest.raises(UnreadableField) as caught:
        Answers(FIELDS, found).read("full")

    assert (caught.value.cell, caught.value.line) == (3, 4)


def test_a_field_that_is_answered_twice_names_the_cells():
    found = notebook(("markdown", "## full\n1"), ("markdown", "x"), ("markdown", "## full\n2"))

    assert isinstance(found.sheet.find([], ["full"]), Duplicate)
    assert "in the cells 1, 3" in str(locate([found.sheet], ["HW1"], FIELDS, [])["full"].problem)


def test_below_a_locked_heading_of_nbgrader_the_student_answers_in_the_next_cell():
    found = located(("markdown", "## full\nWrite a matrix:\n```\n9 9\n```", "locked"), ("markdown", "1 2"))

    assert found["full"].text == "1 2"


def test_a_cell_of_feedback_is_no_answer():
    found = located(("markdown", "## full\n1 2"), ("markdown", f"{FEEDBACK_MARK}\n**HW1** wrong\n\n## same\n7"))

    assert found["full"].text == "1 2"
    assert "same" not in found


def test_the_teachers_tests_are_not_run_unless_they_define_something():
    found = notebook(
        ("code", "assert f(1) == 2", "test"), ("code", "def g():\n    pass", "test"), ("code", "K = 1", "locked")
    )

    assert "assert" not in found.code.text
    assert found.source.defines() == {"g", "K"}


def test_files_that_cells_write_are_files_of_the_submission(tmp_path):
    (tmp_path / "hw.ipynb").write_bytes(
        written(("code", "%%writefile f.py\ndef f():\n    return 1"), ("code", "%%writefile ../evil.py\nx = 1"))
    )
    submission = read_submission(tmp_path / "hw.ipynb")

    assert submission.files.keys() == {"hw.ipynb", "f.py"}
    assert submission.find("f.py", ("f",)) == "f.py"


def test_outputs_are_no_part_of_what_was_handed_in(tmp_path):
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}, "execution_count": 3, "outputs": [{"text": "1"}]}
    digests = set()
    for changes in ({}, {"outputs": []}, {"execution_count": 9}):
        (tmp_path / "hw.ipynb").write_text(json.dumps({"cells": [cell | changes], "nbformat": 4}))
        digests.add(read_submission(tmp_path / "hw.ipynb").digest)
    (tmp_path / "hw.ipynb").write_text(json.dumps({"cells": [cell | {"source": "x = 2"}], "nbformat": 4}))

    assert len(digests) == 1
    assert read_submission(tmp_path / "hw.ipynb").digest not in digests


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("K = 1\nL = 2\ndef f(x):\n    return x + K", [1, 3]),
        ("x = 1\ndef f(x):\n    return x", [2]),
        ("x = 1\ndef f():\n    y = lambda x: x\n    return x", [1, 2]),
        ("T = {}\nfor i in range(3):\n    T[i] = i\ndef f():\n    return T", [1, 2, 4]),
        ("import numpy as np\nnp.random.seed(0)\nprint(np)\ndef f():\n    return np", [1, 2, 4]),
        ("def g():\n    pass\ndef f():\n    return g()\nf.cache = 1\ng()\nh = f()", [1, 3, 5]),
        ("from numpy import *\nclass A(B):\n    pass\nclass f(A):\n    pass", [1, 2, 4]),
        ("def f():\n    global n\n    n = 1\nn = 0", [1, 4]),
    ],
)
def test_what_a_name_needs_is_what_binds_or_changes_what_it_uses(text, lines):
    assert sorted(needed_lines(parse(text, ""), ["f"])) == lines


def test_pages_of_nothing_and_before_the_first_cell():
    assert Pages.of([]).place(3) == Place(1, 1)
    assert Pages.of([(4, "x")], head="#\n#\n").place(1) == Place(1, 1)


def test_where_a_line_stands_is_said_in_words():
    found = notebook(("code", "a = 1"), ("code", "b = 2"))
    file, line = found.where(found.code.text.split("\n").index("b = 2") + 1)

    assert (file, line) == (Message("{file}, cell {cell}", {"file": "hw.ipynb", "cell": 2}), 1)
    assert read_document(found.document.to_bytes()) == found.document
