"""`grade book similar`: what is the same is listed, what everybody was given or gets wrong alike is not."""

import ast
import builtins
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli.program import program
from grader.gradebook import Gradebook
from grader.gradebook.overlap import overlaps, tokenize
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

    def of(student, code="", text="", *, as_notebook=False):
        folder = tmp_path / "handed_in" / student
        folder.mkdir(parents=True)
        if as_notebook:
            cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": code}]
            cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
            whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
            (folder / "hw.ipynb").write_text(json.dumps(whole))
        else:
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


def disguised(code):
    """A copy that hides it: other names, functions in another order, no comments, other layout, a line more."""
    tree = ast.parse(code)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(dir(builtins))
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    others = {name: f"renamed{number}" for number, name in enumerate(sorted(names))}
    for node in ast.walk(tree):
        for attribute in ("id", "arg"):
            if getattr(node, attribute, None) in others:
                setattr(node, attribute, others[getattr(node, attribute)])
        if isinstance(node, ast.FunctionDef):
            if ast.get_docstring(node):
                node.body = node.body[1:]
            node.body.insert(0, ast.parse("print('开始')").body[0])
    tree.body.sort(key=lambda node: -getattr(node, "lineno", 0) if isinstance(node, ast.FunctionDef) else -1e9)
    return "# 我自己写的\n" + ast.unparse(tree)


@pytest.mark.parametrize(
    "specimen", ["conv2d/submissions/accepted/float32_with_cache.py", "segnet/submissions/accepted/modules.py"]
)
@pytest.mark.parametrize("as_notebook", [False, True])
def test_a_disguised_copy_is_found(run, hand_in, specimen, as_notebook):
    code = (EXERCISES / specimen).read_text(encoding="utf-8")
    hand_in("wang", code)
    sources = hand_in("li", disguised(code), as_notebook=as_notebook)

    assert run() == ["Nothing that two students share was found."]
    [line] = run(sources)
    found = re.fullmatch(
        r"li, wang: (\d+) % of the code is the same but for names, comments and layout; the longest part is (.+) and (.+)",
        line,
    )
    assert int(found[1]) > 75
    assert re.fullmatch(r"conv2d\.py, lines \d+ to \d+", found[3])
    place = r"hw\.ipynb, cell 1, lines \d+ to \d+" if as_notebook else r"conv2d\.py, lines \d+ to \d+"
    assert re.fullmatch(place, found[2])
    assert json.loads("\n".join(run("--json", sources)))["similar"][0]["students"] == ["li", "wang"]


def test_a_copied_part_of_a_long_file_is_found(run, hand_in):
    long = (EXERCISES / "segnet/submissions/accepted/functional.py").read_text(encoding="utf-8")
    copied = (EXERCISES / "conv2d/submissions/accepted/nested_list.py").read_text(encoding="utf-8")
    hand_in("wang", copied)
    sources = hand_in("li", long + disguised(copied))

    [line] = run(sources)
    assert line.startswith("li, wang: ")


def test_independent_solutions_are_not_listed(run, hand_in):
    """All that our exercises accept; two of DeconvNet's were made from each other, and are found."""
    for specimen in sorted(EXERCISES.glob("*/submissions/accepted/*.py")):
        name = f"{specimen.parts[-4]}-{specimen.stem}"
        sources = hand_in(name, specimen.read_text(encoding="utf-8"))

    assert [line.split(":")[0] for line in run(sources)] == ["deconvnet-blocks, deconvnet-convolutions"]


def test_what_half_of_the_class_has_is_nobodys(run, hand_in):
    for number in range(8):
        mine = (EXERCISES / "conv2d/submissions/accepted/loops.py").read_text(encoding="utf-8") if number < 2 else ""
        sources = hand_in(f"s{number}", f"{mine}\nx{number} = {number}\n{CODE.format(doc=number, comment='')}")

    [line] = run(sources)
    assert line.startswith("s0, s1: 92 % of the code is the same")


def test_which_overlaps_are_found_does_not_depend_on_the_process():
    folder = EXERCISES / "conv2d" / "submissions" / "accepted"
    program = (
        "import pathlib, sys; from grader.gradebook.overlap import overlaps, tokenize\n"
        "files = sorted(pathlib.Path(sys.argv[1]).glob('*.py'))\n"
        "programs = {(file.stem, 'x'): tokenize(file.read_text()) for file in files}\n"
        "print(*overlaps(programs, set(), 9), sep='\\n')"
    )
    shown = {
        subprocess.run(
            [sys.executable, "-c", program, folder], capture_output=True, check=True, cwd=EXERCISES.parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip

    assert [len(text.splitlines()) for text in shown] == [9]


def test_code_that_is_no_python_is_compared_too():
    broken = "def f(x:\n  return [" + "x + 1, " * 20
    found = list(overlaps({("a", "f"): tokenize(broken), ("b", "f"): tokenize(broken + "x")}, set(), 9))

    assert [overlap.share for overlap in found] == [1.0]


def test_numbers_and_library_words_tell_programs_apart():
    one = tokenize("a = 1\nfor i in range(3): print(i)  # 注释")
    assert one.kinds == ("N", "=", "1", "for", "N", "in", "range", "(", "3", ")", ":", "print", "(", "N", ")")
    assert one.lines == (1, 1, 1, *(2,) * 12)
    assert tokenize('def f(self):\n    """Doc."""\n    return f"a{b}"').kinds == (
        "def", "N", "(", "N", ")", ":", "return", "S", "N", "S",
    )  # fmt: skip


def test_the_same_paragraph_is_found_whatever_its_punctuation(run, hand_in):
    hand_in("wang", text=TEXT)
    sources = hand_in("li", text=TEXT.upper().replace(",", " -"))

    [line] = run(sources)
    assert line.casefold().startswith("li, wang: the same paragraph: segnet keeps the indices of the maxima")


def test_the_text_of_a_notebook_is_text_too(run, hand_in):
    hand_in("wang", text=TEXT)
    sources = hand_in("li", "mine = 1", TEXT, as_notebook=True)

    assert [line[:30] for line in run(sources)] == ["li, wang: the same paragraph: "]


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
