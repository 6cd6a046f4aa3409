"""The copy with the results: beside the right cells, the original untouched, nothing of a student's at work in it."""

import json

import nbformat
import pytest
from click.testing import CliRunner

from grader.cli.program import program
from grader.errors import GraderError
from grader.grade import grade
from grader.intake import read_submission
from grader.notebook.document import FEEDBACK_MARK
from grader.notebook.feedback import write_feedback
from tests.test_hostile import COURSE

EVIL = "</code></pre><script>alert(1)</script>\n``````\n# $x$ "
CELLS = [
    {
        "cell_type": "markdown",
        "id": "a",
        "metadata": {},
        "source": "# scale\n<script>alert(2)</script><img src=x onerror=alert(3)>",
    },
    {
        "cell_type": "code",
        "id": "b",
        "metadata": {"tags": ['"><script>alert(4)</script>']},
        "execution_count": 1,
        "source": f"def scale(x, factor):\n    raise ValueError({EVIL!r} + chr(27) + '[31m')",
        "outputs": [
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(5)</script>"}}
        ],
    },
    {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "execution_count": 2,
        "source": "def double(x):\n    return 2 * x",
        "outputs": [],
    },
]
NOTEBOOK = {"cells": CELLS, "metadata": {"title": "<script>alert(6)</script>"}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    path = tmp_path_factory.mktemp("hw") / "hw.ipynb"
    path.write_text(json.dumps(NOTEBOOK))
    return path, grade(read_submission(path), COURSE)


def test_each_result_stands_below_its_cell_and_the_original_is_untouched(handed_in, tmp_path):
    path, report = handed_in
    before = path.read_bytes()
    write_feedback(path, tmp_path / "out.ipynb", report, COURSE)
    copy = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    nbformat.validate(copy)

    assert path.read_bytes() == before
    added = [number for number, cell in enumerate(copy.cells) if cell.source.startswith(FEEDBACK_MARK)]
    assert added == [0, 3, 5]
    assert "ERROR  0/10" in copy.cells[3].source
    assert "PASS" in copy.cells[5].source
    assert [cell for number, cell in enumerate(copy.cells) if number not in added] == nbformat.from_dict(NOTEBOOK).cells


def test_what_a_student_wrote_cannot_leave_its_block(handed_in, tmp_path):
    path, report = handed_in
    write_feedback(path, tmp_path / "out.ipynb", report, COURSE)
    source = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[3].source
    fence = source.split("\n")[1].removesuffix("text")

    assert len(fence) > 6
    assert source.count(fence) == 2
    assert source.endswith(fence)
    assert "\x1b" not in source


def test_a_page_runs_nothing_of_a_student(handed_in, tmp_path):
    path, report = handed_in
    write_feedback(path, tmp_path / "out.html", report, COURSE)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")

    assert "PASS" in page
    assert "<script>alert(" not in page
    assert "onerror=alert" not in page.replace("&lt;img src=x onerror=alert", "")


def test_feedback_that_is_handed_in_again_is_graded_the_same(handed_in, tmp_path):
    path, report = handed_in
    write_feedback(path, tmp_path / "out.ipynb", report, COURSE)

    assert grade(read_submission(tmp_path / "out.ipynb"), COURSE).points == report.points


def test_the_original_is_never_written_over(handed_in):
    path, report = handed_in
    with pytest.raises(GraderError, match="that is the notebook itself"):
        write_feedback(path, path, report, COURSE)


def test_the_command_writes_it_and_refuses_a_folder(handed_in, tmp_path):
    path, _ = handed_in
    course = str(COURSE.folder)
    out = tmp_path / "out.ipynb"

    done = CliRunner().invoke(program, ["check", str(path), "--course", course, "--feedback", str(out)])
    refused = CliRunner().invoke(program, ["check", str(path.parent), "--course", course, "--feedback", str(out)])

    assert done.exit_code == 1
    assert FEEDBACK_MARK in out.read_text(encoding="utf-8")
    assert refused.exit_code == 2
    assert "expected PATH to be a notebook" in refused.stderr
