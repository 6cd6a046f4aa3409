"""Notebooks end to end: behind the wall, with magics, plots, loops without end, and attacks."""

import json

import nbformat
import pytest
from click.testing import CliRunner

from grader.cli.program import program
from grader.exercise import load_course
from grader.grade import grade
from grader.intake import read_submission
from grader.model import Label, Verdict
from grader.notebook.blank import sections
from grader.template import render
from tests.graded import EXAMPLES
from tests.test_hostile import CASES, COURSE, HONEST, declared, nothing_left

SCALE = "def scale(x, factor):\n    return np.multiply(x, factor)"
__all__ = ["nothing_left"]  # a fixture


def code(*texts):
    cells = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in texts]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


@pytest.fixture
def graded(tmp_path):
    def graded(*texts, only=("scale",)):
        path = tmp_path / "hw.ipynb"
        path.write_text(json.dumps(code(*texts)), encoding="utf-8")
        return grade(read_submission(path), COURSE, only=only)

    return graded


def verdicts(report):
    return [outcome.verdict for part in report.exercises for outcome in part.outcomes]


def test_magics_plots_await_and_failing_cells_do_no_harm(graded):
    report = graded(
        "%matplotlib inline\n!pip install numpy\nimport matplotlib.pyplot as plt\nimport numpy as np",
        "from IPython.display import display, clear_output, HTML\ndisplay(HTML('<b>'))\nclear_output(wait=True)",
        "plt.plot([1, 2])\nplt.show()",
        "1 / 0",
        "import asyncio\n\nasync def two():\n    await asyncio.sleep(0)\n    return 2\n\ntwo_now = await two()",
        "get_ipython().run_line_magic('load_ext', 'autoreload')\n%autoreload 2\nfiles = !ls\nassert files == []",
        "%timeit nobody(1)\n%time two_later = two_now * 2\nraise SystemExit",
        "%%time\ndef scale(x, factor):\n    return x * factor + (two_now - 2) + (two_later - 4)",
        "def half(:\n    pass",
    )

    assert verdicts(report) == [Verdict.PASS]
    assert [str(remark).split(":")[0] for remark in report.remarks] == [
        "hw.ipynb, cell 1, line 2",
        "hw.ipynb, cell 9, line 1 is not Python (invalid syntax), so that part of the cell was left out.",
    ]
    assert report.exercises[0].remarks == ()  # what this exercise does not need is not its matter


def test_cells_out_of_order_still_define(graded):
    report = graded("class Scaled(Base):\n    k = K", SCALE, "K = 1\n\nclass Base:\n    pass", "import numpy as np")

    assert verdicts(report) == [Verdict.PASS]


def test_an_error_names_the_cell_and_its_line(graded):
    report = graded("import numpy as np", "# a comment\n\ndef scale(x, factor):\n    y = x\n    return y[99]")
    [line] = [line for line in report.exercises[0].outcomes[0].evidence if line.label is Label.LINE]

    assert str(line.text) == "hw.ipynb, cell 2, line 5: return y[99]"


def test_an_error_while_the_needed_cell_is_loaded_names_it_too(graded):
    report = graded("x = 1", "\nK = 1 / 0\n\ndef scale(x, factor):\n    return x * factor * K")

    assert str(report.exercises[0].remarks[0]).startswith("hw.ipynb, cell 2, line 2: ZeroDivisionError")


@pytest.mark.parametrize(
    "end", ["while True:\n    pass", "import os\nos._exit(0)", "x = []\nwhile True:\n    x += x or [0]"]
)
def test_a_cell_that_never_comes_to_its_end_costs_only_itself(graded, end):
    report = graded("import numpy as np", end, SCALE)

    assert verdicts(report) == [Verdict.PASS]
    assert "While hw.ipynb, cell 2 was being loaded" in str(report.exercises[0].remarks[0])
    assert "was then run without that statement" in str(report.exercises[0].remarks[0])


def test_a_needed_cell_that_never_ends_is_what_the_verdict_names(graded):
    report = graded("def scale(x, factor):\n    return x * K", "K = 2\nwhile True:\n    K = 2")

    assert verdicts(report) in ([Verdict.FAIL], [Verdict.ERROR])
    assert "cell 2" in str(report.exercises[0].remarks[0])


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in CASES
        if path.stem.startswith(("p01", "p02_exit", "r01", "r08", "r15_stdout", "v02", "v04", "f07"))
    ],
    ids=lambda path: path.stem,
)
@pytest.mark.usefixtures("nothing_left")
def test_attacks_in_a_cell_earn_nothing_and_harm_nobody(graded, path):
    report = graded(HONEST.decode(), path.read_text(encoding="utf-8"), only=())
    attacked, bystander = report.exercises

    assert attacked.outcomes[0].earned == 0
    assert attacked.outcomes[0].verdict in declared(path) | {"missing"}
    assert [one.verdict for one in bystander.outcomes] == [Verdict.PASS]


def test_a_name_with_markup_and_escapes_is_shown_harmless(tmp_path):
    path = tmp_path / "\x1b[31m<script>alert(1)<.ipynb"
    path.write_text(json.dumps(code("!ls\nx = 1/0")))
    report = grade(read_submission(path), COURSE, only=("scale",))
    said = [str(remark) for remark in report.remarks] + [str(report.exercises[0].outcomes[0].summary)]

    assert "\x1b" not in "".join(said)


def filled(sample):
    """The notebook of the template, filled in with what a sample of examples/ has in its files."""
    course = load_course()
    notebook = json.loads(render(course)["homework.ipynb"])
    answers = sections((EXAMPLES / sample / "answers.md").read_text(encoding="utf-8"))
    texts = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    blanks = sections(render(course)["answers.md"])
    for blank, answer in zip(blanks, answers, strict=True):
        [cell] = [cell for cell in texts if "".join(cell["source"]) == blank and not cell.pop("is_filled", False)][:1]
        cell |= {"source": answer, "is_filled": True}
    files = [exercise.file for exercise in course.exercises if exercise.text("starter.py")]
    for cell, file in zip((c for c in notebook["cells"] if c["cell_type"] == "code"), files, strict=True):
        cell["source"] = (EXAMPLES / sample / file).read_text(encoding="utf-8")
    return notebook


def points(report):
    return {part.exercise: part.points for part in report.exercises}


def test_the_notebook_of_the_template_filled_in_gets_the_points_of_the_folder(tmp_path, example):
    path = tmp_path / "homework.ipynb"
    path.write_text(json.dumps(filled("perfect")), encoding="utf-8")

    assert points(grade(read_submission(path), load_course())) == points(example("perfect"))


def test_the_empty_notebook_is_valid_and_earns_nothing_by_hand(tmp_path):
    text = render(load_course(), "2024001")["homework.ipynb"]
    nbformat.validate(nbformat.reads(text, as_version=4))
    (tmp_path / "homework.ipynb").write_text(text, encoding="utf-8")
    submission = read_submission(tmp_path / "homework.ipynb")

    report = grade(submission, load_course(), only=["conv_by_hand", "channel_formulas", "rcnn_family", "conv2d"])

    assert report.points.earned == 0
    assert {outcome.verdict for part in report.exercises for outcome in part.outcomes} <= {
        Verdict.PASS,
        Verdict.MISSING,
        Verdict.SKIPPED,
    }
    assert submission.student == "2024001"


@pytest.mark.parametrize(("options", "is_there"), [([], False), (["--notebook"], True)])
def test_init_writes_the_files_or_the_notebook(tmp_path, options, is_there):
    result = CliRunner().invoke(program, ["init", str(tmp_path / "hw"), "--student", "7", *options])
    names = {path.name for path in (tmp_path / "hw").iterdir()}

    assert result.exit_code == 0
    assert ("homework.ipynb" in names) is is_there
    assert ("answers.md" in names) is not is_there
    assert {"README.md", "README.zh.md", "grade.toml"} <= names
