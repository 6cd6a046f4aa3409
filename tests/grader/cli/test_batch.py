"""`grade batch`: a class with everything in it, from a folder to the gradebook, by real worker processes."""

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from benchmarks import classroom
from grader.cli.program import program
from grader.gradebook import Gradebook

ROOT = Path(__file__).parent.parent.parent.parent
LIGHT = ("conv_by_hand", "receptive_field", "max_unpool2d")
COUNT = 24
HANDED_IN = COUNT + 3  # three students handed in twice
KEPT = HANDED_IN - 2  # two handed in what nobody can read


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A mixed class of the light exercises."""
    folder = tmp_path_factory.mktemp("made") / "class"
    classroom.make(folder, COUNT, exercises=LIGHT, seed=7)
    return folder


@pytest.fixture(scope="module")
def undisturbed(made):
    """The class graded at one go: the process that did it, and its gradebook."""
    return finish(start(made, made / "undisturbed.db")), made / "undisturbed.db"


def start(made, book, *more):
    names = itertools.chain.from_iterable(("-e", name) for name in LIGHT)
    sources = (str(made / "submissions"), "--roster", str(made / "roster.csv"))
    return subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "batch", *sources, *names, "--jobs", "2", *more],
        env=os.environ | {"GRADE_HOME": str(made / "home"), "GRADE_BOOK": str(book), "LC_ALL": "C.UTF-8"},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process):
    out, said = process.communicate(timeout=120)
    return process.returncode, out, said


def let_finish(process, count):
    """Wait until so many submissions are finished."""
    for _ in range(count):
        process.stderr.readline()


def workers(process):
    return [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]


def cells(path):
    with Gradebook.open(path, create=False) as book:
        return {row.person: (row.submission, row.cells, row.problems, row.submissions) for row in book.table()}


def test_a_mixed_class_is_graded_as_the_generator_intended(made, undisturbed):
    (code, out, said), book = undisturbed

    assert classroom.check(made, book) == []
    assert code == 1  # what cannot be read has no result
    assert out.splitlines()[0] == f"{KEPT} of {HANDED_IN + 2} submissions have a result in {book}"
    assert len(said.splitlines()) == HANDED_IN
    assert "\n  submissions/20240009" in out
    assert ".zip: it is empty; expected answers.md" in out  # the place where it lay is not named twice


def test_a_class_of_300_makes_every_known_mistake_and_holds_every_kind_of_attack_and_file(tmp_path):
    made = classroom.make(tmp_path / "class", 300)
    wrong = [path for path in (ROOT / "exercises").glob("*/submissions/wrong/*") if path.suffix in (".py", ".md")]
    reasons = {person["reason"] for person in made["people"].values() if "reason" in person}

    assert made["mistakes"] == len(wrong) > 200
    assert len(reasons) >= 5
    assert {path.suffix for path in (tmp_path / "class" / "submissions").iterdir()} >= {
        "",
        ".zip",
        ".ipynb",
        ".py",
        ".docx",
    }


def test_a_mark_that_is_not_as_intended_is_noticed(made, undisturbed, tmp_path):
    book = tmp_path / "falsified.db"
    shutil.copy(undisturbed[1], book)
    with contextlib.closing(sqlite3.connect(book)) as connection, connection:
        done = connection.execute(
            "UPDATE outcome SET verdict = 'fail' WHERE check_name = 'full' AND result IN (SELECT result FROM graded JOIN"
            " submission ON submission.id = submission WHERE person = '20240000' AND exercise = 'conv_by_hand')"
        )
        assert done.rowcount == 1

    points, fails = classroom.check(made, book)

    assert points == "20240000 conv_by_hand: expected 8 points and 0 open, got 5 and 0: full fail"
    assert fails == "20240000 conv_by_hand: expected [] to fail, got full fail"


def test_whatever_is_killed_the_gradebook_becomes_the_undisturbed_one(made, undisturbed, tmp_path):
    book, draw = tmp_path / "course.db", random.Random()

    process = start(made, book)
    let_finish(process, draw.randint(1, 4))
    left = workers(process)
    process.kill()
    process.communicate()
    gone, alive = psutil.wait_procs(left, timeout=20)
    assert (len(gone) > 0, alive) == (True, [])  # nobody waits for work for ever

    process = start(made, book)
    let_finish(process, draw.randint(5, 9))
    left = workers(process)
    process.send_signal(signal.SIGINT)
    code, _, said = finish(process)
    assert code == 130
    assert f"of {HANDED_IN} submissions are in the gradebook; run the same again for the rest" in said
    assert "Interrupted" not in said
    assert not any(child.is_running() for child in left)

    process = start(made, book)
    let_finish(process, draw.randint(9, 12))
    for worker in workers(process)[:1]:
        worker.kill()
    code, _, _ = finish(process)

    assert code == 1
    assert cells(book) == cells(undisturbed[1])


def test_what_is_known_is_looked_up_and_the_summary_is_json_too(made, undisturbed, tmp_path):
    code, out, _ = finish(start(made, undisturbed[1], "--json"))
    data = json.loads(out)
    (tmp_path / "summary.json").write_text(out, encoding="utf-8")

    assert data["exit_code"] == code == 1
    assert sum(row["known_before"] for row in data["submissions"]) == KEPT
    assert classroom.check(made, undisturbed[1], tmp_path / "summary.json") == []
    assert {row["state"] for row in data["submissions"]} == {"passed", "partly", "without"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GRADE_BOOK", str(tmp_path / "course.db"))

    def of(*arguments):
        return CliRunner().invoke(program, ["batch", *map(str, arguments)], prog_name="grade")

    return of


def test_what_fits_nobody_and_who_is_missing_is_listed(run, tmp_path):
    (tmp_path / "class" / "homework").mkdir(parents=True)
    (tmp_path / "class" / "homework" / "answers.md").write_text("# A")
    (tmp_path / "roster.csv").write_text("id,name\n7,Li Lei\n", encoding="utf-8")

    shown = run(tmp_path / "class", "--roster", tmp_path / "roster.csv")

    assert shown.exit_code == 1
    assert "0 of 1 submissions have a result" in shown.output
    assert "Nobody's:\n  class/homework: nobody in the roster is called so\n" in shown.output
    assert "Nothing handed in:\n  7 Li Lei\n" in shown.output
    (person,) = cells(tmp_path / "course.db")
    assert person.id == "7"


def test_an_empty_folder_holds_nothing_to_grade(run, tmp_path):
    (tmp_path / "class").mkdir()

    assert run(tmp_path / "class").exit_code == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there is no such file or folder; give the folder or zip of all submissions"),
        (["class", "--roster", "nothing.csv"], "the roster cannot be read"),
        (["class", "-e", "conv_by_hnad"], "did you mean conv_by_hand"),
    ],
)
def test_a_wrong_command_line_is_said_before_anything_runs(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class").mkdir()
    shown = run(*arguments)

    assert (shown.exit_code, said in shown.output) == (2, True)
    assert not (tmp_path / "course.db").exists()
