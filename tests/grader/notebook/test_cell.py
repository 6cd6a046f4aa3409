"""Cells as plain Python: every magic understood, every line where it was."""

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from grader.notebook.cell import Transformer

CALL = "get_ipython()."


def plain(text):
    return Transformer().plain(text)


@pytest.mark.parametrize(
    ("cell", "line", "said"),
    [
        ("%matplotlib inline\nx = 1", 1, CALL + "run_line_magic('matplotlib', 'inline')"),
        ("x = 1\n%timeit f(x)", 2, CALL + "run_line_magic('timeit', 'f(x)')"),
        ("if True:\n    %time y = 2\nz = 3", 2, "    " + CALL + "run_line_magic('time', 'y = 2')"),
        ("files = !ls", 1, "files = " + CALL + "getoutput('ls')"),
        ("x = %time f(1)", 1, "x = " + CALL + "run_line_magic('time', 'f(1)')"),
        ("np.sum?\nx = 1", 2, "x = 1"),
        ("?np.sum\nx = 1", 2, "x = 1"),
        (">>> x = 1\n>>> y = 2", 2, "y = 2"),
        ("In [1]: import os", 1, "import os"),
        ("    x = 1\n    !ls", 1, "x = 1"),
        ("!wget \\\n  https://x\\\n  -O y\nz = 1", 4, "z = 1"),
    ],
)
def test_a_magic_becomes_a_call_on_its_own_line(cell, line, said):
    changed = plain(cell).text

    assert changed.split("\n")[line - 1] == said
    assert changed.count("\n") == cell.count("\n")
    ast.parse(changed)


@pytest.mark.parametrize(
    "cell", ["a = 7\nb = (a\n  % 2)\n", "s = '''\n!no\n%no\n'''", "x = 1  # !pip", "", "\n\nx = 1\n"]
)
def test_python_stays_as_it_is(cell):
    assert plain(cell).text == cell
    assert plain(cell).shell_lines == ()


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "%%prun -l 5", "\n%%time"])
def test_below_a_magic_that_only_measures_the_cell_counts_line_for_line(magic):
    changed = plain(f"{magic}\ndef f():\n    return 1\n%matplotlib inline").text

    assert changed.strip().startswith("def f():\n    return 1\nget_ipython()")
    assert changed.split("\n").index("def f():") == magic.count("\n") + 1


@pytest.mark.parametrize("magic", ["%%timeit", "%%html", "%%javascript", "%%latex", "%%R", "%%cython -a", "%%sql x"])
def test_a_cell_in_another_language_is_no_python(magic):
    assert plain(f"{magic}\n<b>\n</b>").text.strip() == ""
    assert plain(f"{magic}\n<b>").shell_lines == ()


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("!pip install torch", (1,)),
        ("x = 1\n%pip install torch", (2,)),
        ("%%bash\nls", (1,)),
        ("%%!\nls", (1,)),
        ("if 1:\n    !ls\n!ls", (2, 3)),
        ("get_ipython().system('ls')", (1,)),
        ("this is no Python\n!ls\nx = 1", (2,)),
    ],
)
def test_lines_for_a_shell_are_noted(cell, lines):
    assert plain(cell).shell_lines == lines


def test_in_a_cell_that_is_no_python_the_magics_are_taken_away_and_the_rest_stays():
    changed = plain("%matplotlib inline\nx = (1\nif x:\n    !ls\ny = 2").text

    assert "%" not in changed
    assert "!" not in changed
    assert changed.split("\n")[-1] == "y = 2"


def test_a_file_that_a_cell_writes_is_found():
    cell = plain("%%writefile conv2d.py\ndef conv2d():\n    return 1")

    assert (cell.file, cell.file_text) == ("conv2d.py", "def conv2d():\n    return 1\n")
    assert cell.text.strip() == ""


@given(
    st.lists(st.sampled_from(["x = 1", "%time x", "!ls", "f?", "if x:", "    y = %time 1", "'''", "(", "%%time", "\\"]))
)
def test_any_cell_keeps_its_lines(lines):
    text = "\n".join(lines)

    assert plain(text).text.count("\n") == text.count("\n")


@given(st.lists(st.sampled_from(["x = 1", "%time x", "!ls -l", "y = !ls", "def f():\n    %time x", "f?"]), min_size=1))
def test_what_ipython_makes_of_a_cell_is_what_we_make_of_it(lines):
    text = "\n".join(lines) + "\n"

    assert plain(text).text == TransformerManager().transform_cell(text)


def test_the_work_is_bounded():
    transformer = Transformer(left=10_000)
    text = "!ls\n" * 1000

    assert transformer.plain(text).text == "pass\n" * 1000
    assert transformer.left < 10_000


def test_a_notebook_of_plain_python_imports_neither_ipython_nor_nbformat():
    script = (
        "import sys; from grader.notebook.cell import Transformer; import grader.notebook.notebook, grader.intake.read\n"
        "Transformer().plain('x = 1'); assert not {'IPython', 'nbformat', 'torch'} & sys.modules.keys()\n"
        "Transformer().plain('!ls'); assert 'IPython' in sys.modules and 'nbformat' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
