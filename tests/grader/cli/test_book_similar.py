"""`grade book similar`: what is the same is listed, what everybody was given or gets wrong alike is not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli.program import program
from grader.gradebook import Gradebook
from grader.intake import read_submission
from grader.message import msg
from grader.model import Diagnosis, Evidence, Label, Verdict
from tests.grader.gradebook.samples import KEYS, conv2d, essay, handed_in, report

EXERCISES = Path(__file__).parents[3] / "exercises"
CODE = '''
import numpy as np

def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1):
    """{doc}"""
    n, c, h, w = x.shape  {comment}
    out = np.zeros((n, weight.shape[0], h - weight.shape[2] + 1, w - weight.shape[3] + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = x[:, :, i : i + weight.shape[2], j : j + weight.shape[3]]
            out[:, :, i, j] = np.tensordot(window, weight, ((1, 2, 3), (1, 2, 3)))
    return out
'''
TEXT = "SegNet keeps the indices of the maxima, so its decoder needs no learned upsampling at all, which saves memory."


def wrong(text, diagnosis=None):
    """conv2d failed with this evidence."""
    part = conv2d()
    outcomes = (part.outcomes[0], replace(part.outcomes[1], evidence=(Evidence(Label.GOT, msg(text)),)))
    return replace(part, outcomes=outcomes, diagnosis=diagnosis)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    monkeypatch.setenv("GRADE_BOOK", str(tmp_path / "course.db"))

    def of(*arguments):
        shown = CliRunner().invoke(program, ["book", "similar", *map(str, arguments)], prog_name="grade")
        assert shown.exit_code == 0, shown.output
        return shown.stdout.splitlines()

    return of


@pytest.fixture
def book(tmp_path):
    with Gradebook.open(tmp_path / "course.db") as book:
        yield book


@pytest.fixture
def hand_in(book, tmp_path):
    """Write a submission and record it with a report that has nothing in common with any other."""

    def of(student, code="", text=""):
        folder = tmp_path / "handed_in" / student
        folder.mkdir(parents=True)
        (folder / "conv2d.py").write_text(code or f"x = '{student}'\n")
        (folder / "answers.md").write_text(f"# {student}\n\n{text}\n")
        digest = read_submission(folder).digest
        book.record(student, handed_in(digest, student), report(digest, [essay()]), KEYS)
        return tmp_path / "handed_in"

    return of


def test_the_same_content_is_listed_once(run, book):
    for student in ("wang", "li"):
        book.record(student, handed_in("d1", student), report("d1", [wrong("7 of 9")]), KEYS)

    assert run() == ["li, wang: the same content"]


def test_the_same_wrong_answers_are_listed(run, book):
    for student, text in (("wang", "7 of 9"), ("li", "7 of 9"), ("zhao", "6 of 9")):
        book.record(student, handed_in(student, student), report(student, [wrong(text)]), KEYS)

    assert run() == ["li, wang: conv2d: the same wrong answers to strides"]
    assert json.loads("\n".join(run("--json")))["similar"][0]["students"] == ["li", "wang"]


def test_what_a_known_mistake_explains_is_not_listed(run, book):
    flips = Diagnosis("flips_filter", msg("The filter is flipped."))
    for student in ("wang", "li"):
        book.record(student, handed_in(student, student), report(student, [wrong("7 of 9", diagnosis=flips)]), KEYS)

    assert run() == ["Nothing that two students share was found."]


def test_the_same_errors_and_gaps_are_not_listed(run, book):
    for student, verdict in (
        ("a", Verdict.ERROR),
        ("b", Verdict.ERROR),
        ("c", Verdict.MISSING),
        ("d", Verdict.MISSING),
    ):
        part = conv2d(identity=verdict, strides=verdict)
        book.record(student, handed_in(student, student), report(student, [part]), KEYS)

    assert run() == ["Nothing that two students share was found."]


def test_the_same_code_is_found_under_other_comments(run, hand_in):
    hand_in("wang", CODE.format(doc="Mine.", comment="# shape"))
    sources = hand_in("li", CODE.format(doc="Also mine.", comment="").replace("    return", "\n    return"))

    assert run() == ["Nothing that two students share was found."]
    assert run(sources) == ["li, wang: conv2d: the same code but for blanks and comments"]


def test_the_same_code_is_found_under_other_names(run, hand_in):
    hand_in("wang", CODE.format(doc="Mine.", comment=""))
    sources = hand_in("li", CODE.format(doc="", comment="").replace("window", "patch").replace("out", "y"))

    assert run(sources) == ["li, wang: conv2d: the same code but for names, blanks and comments"]


def test_other_code_is_other_code(run, hand_in):
    hand_in("wang", CODE.format(doc="", comment=""))
    sources = hand_in("li", CODE.format(doc="", comment="").replace("((1, 2, 3), (1, 2, 3))", "3"))

    assert run(sources) == ["Nothing that two students share was found."]


def test_the_same_paragraph_is_found_whatever_its_punctuation(run, hand_in):
    hand_in("wang", text=TEXT)
    sources = hand_in("li", text=TEXT.upper().replace(",", " -"))

    [line] = run(sources)
    assert line.casefold().startswith("li, wang: the same paragraph: segnet keeps the indices of the maxima")


def test_what_the_template_gave_is_not_listed(run, hand_in):
    starter = (EXERCISES / "segnet" / "starter.py").read_text(encoding="utf-8")
    sheet = (EXERCISES.parent / "student_template" / "answers.md").read_text(encoding="utf-8")
    prompt = (EXERCISES / "rcnn_family" / "prompt.en.md").read_text(encoding="utf-8")
    for student in ("wang", "li"):
        sources = hand_in(student, starter + f"\nmine = '{student}'\n", f"{sheet}\n\n{prompt}")

    assert run(sources) == ["Nothing that two students share was found."]


def test_what_is_short_is_not_listed(run, hand_in):
    for student in ("wang", "li"):
        sources = hand_in(student, f"mine = '{student}'\ndef conv2d(x):\n    return x + 1\n", "The field is 14.")

    assert run(sources) == ["Nothing that two students share was found."]
