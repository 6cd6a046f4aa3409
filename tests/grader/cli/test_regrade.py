"""`grade regrade`: from changed exercise to changed mark, through the digest of what was shown."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from grader.cli.program import program
from grader.exercise import load_course
from grader.grade import grade
from grader.gradebook import Gradebook, HandedIn, exercise_key
from grader.gradebook.regrade import plan
from grader.intake import read_submission

EXAMPLES = Path(__file__).parents[3] / "examples"
COURSE = 'format = 1\ntitle = "A"\nseed = "1"\nexercises = ["small"]\n'
CHECKS = '''"""Checks of a small exercise."""
from grader import expect
from grader.checks import check
from grader.message import msg


@check(points=2)
def sum_of_two(answers):
    """The sum is right."""
    expect.true(answers["sum"].value == SUM, msg("It is SUM."))


@check(points=1)
def product_of_two(answers):
    """The product is right."""
    expect.true(answers["product"].value == 6, msg("It is 6."))
'''


def change(course, right):
    (course / "small" / "checks.py").write_text(CHECKS.replace("SUM", str(right)))


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    (folder / "small").mkdir(parents=True)
    (folder / "course.toml").write_text(COURSE)
    fields = "".join(f'[[fields]]\nkey = "{key}"\nkind = "number"\n' for key in ("sum", "product"))
    (folder / "small" / "exercise.toml").write_text(f'format = 1\nversion = 1\ntitle = "Small"\n{fields}')
    change(folder, 4)
    return folder


@pytest.fixture
def sources(tmp_path, course):
    """Two students: 5 is right, but the checks say 4 at first."""
    for name, found in (("wang", 5), ("li", 4)):
        (tmp_path / "handed_in" / name).mkdir(parents=True)
        (tmp_path / "handed_in" / name / "answers.md").write_text(f"# small\n\n## sum\n{found}\n\n## product\n6\n")
    loaded = load_course(course)
    keys = {"small": exercise_key(loaded, loaded.exercise("small"), "cpu")}
    with Gradebook.open(tmp_path / "course.db") as book:
        for name in ("wang", "li"):
            report = grade(read_submission(tmp_path / "handed_in" / name), loaded)
            book.record(name, HandedIn(report.submission, f"handed_in/{name}"), report, keys)
    return tmp_path / "handed_in"


@pytest.fixture
def run(tmp_path, course, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    monkeypatch.setenv("GRADE_BOOK", str(tmp_path / "course.db"))

    def of(*arguments, verb="regrade"):
        return CliRunner().invoke(program, ["--course", str(course), verb, *map(str, arguments)], prog_name="grade")

    return of


def earned(tmp_path):
    with Gradebook.open(tmp_path / "course.db") as book:
        return {row.person.id: row.points.earned for row in book.table()}


def test_an_unchanged_exercise_changes_nothing(run, sources):
    shown = run(sources)

    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (0, "Nothing would change.")


def test_a_changed_exercise_is_shown_then_applied(run, sources, course, tmp_path):
    assert earned(tmp_path) == {"wang": 1, "li": 3}
    change(course, 5)
    shown = run("--dry-run", sources)

    assert shown.exit_code == 0
    assert "wang, small: 1 -> 3\n    sum_of_two: fail (2) -> pass (2)\n" in shown.stdout
    assert "li, small: 3 -> 1\n    sum_of_two: pass (2) -> fail (2)\n    It is 5.\n" in shown.stdout
    assert "2 marks change, 1 of them become lower; 0 new results give the same points." in shown.stdout
    assert earned(tmp_path) == {"wang": 1, "li": 3}
    digest = re.search(r"--apply ([0-9a-f]{64})", shown.stdout)[1]

    refused = run("--apply", digest, sources)
    assert (refused.exit_code, earned(tmp_path)) == (2, {"wang": 1, "li": 3})
    assert "it would lower 1 marks (li); give --allow-drops" in refused.stderr

    applied = run("--apply", digest, "--allow-drops")  # the results are kept; no source is needed any more
    assert (applied.exit_code, earned(tmp_path)) == (0, {"wang": 3, "li": 1})
    assert applied.stdout.splitlines()[-1] == "Applied: the new results of 2 marks count now."


def test_a_digest_of_something_else_applies_nothing(run, sources, course, tmp_path):
    change(course, 5)

    refused = run("--apply", "0" * 64, "--allow-drops", sources)

    assert (refused.exit_code, earned(tmp_path)) == (2, {"wang": 1, "li": 3})
    assert "the plan is another one by now" in refused.stderr


def test_a_batch_leaves_the_marks_to_regrade_and_says_so(run, sources, course, tmp_path, monkeypatch):
    def batch(*more):
        return run("--jobs", "1", sources, *more, verb="batch")

    change(course, 5)
    run(sources)  # what a dry run keeps counts for nobody, not after a batch either
    shown = batch()

    assert (shown.exit_code, earned(tmp_path)) == (0, {"wang": 1, "li": 3})
    assert (
        "To know:\n  marks that stand as they were given before the exercise, the grader, a library or the device changed: "
        "2, of small; `grade regrade --dry-run SOURCE...` shows what would change now\n"
    ) in shown.stdout

    (sources / "zhao").mkdir()
    (sources / "zhao" / "answers.md").write_text("# small\n\n## sum\n5\n\n## product\n7\n")
    data = json.loads(batch("--json").stdout)
    assert [(row["student"], row["points"]["earned"], row["earlier"]) for row in data["submissions"]] == [
        ("li", 3, ["small"]), ("wang", 1, ["small"]), ("zhao", 2, []),
    ]  # fmt: skip
    assert [remark["message"].split(";")[0] for remark in data["remarks"]][1:] == [
        "small: 2 of 3 marks are of an earlier version (~)"
    ]
    table = run(verb="book").stdout
    assert [line.split()[-2:] for line in table.splitlines()[2:5]] == [["3~", "3"], ["1~", "1"], ["2", "2"]]
    assert "~: of an earlier version of the exercise" in table

    digest = re.search(r"--apply ([0-9a-f]{64})", run(sources).stdout)[1]
    run("--apply", digest, "--allow-drops")
    assert (earned(tmp_path), "To know" in batch().stdout) == ({"wang": 3, "li": 1, "zhao": 2}, False)


def test_what_does_not_count_is_not_said_to_stand(run, sources, course, tmp_path):
    os.utime(sources / "li" / "answers.md", (1000, 1000))
    assert run("--jobs", "1", sources, verb="batch").exit_code == 0
    change(course, 5)
    (sources / "li.md").write_text("# small\n\n## sum\n5\n")  # another submission, which counts

    shown = run("--jobs", "1", sources, verb="batch").stdout

    assert "changed: 1, of small;" in shown
    assert "small: 1 of 2 marks are of an earlier version (~)" in shown


def test_who_is_not_in_the_sources_is_named(run, sources, course):
    change(course, 5)
    shutil.rmtree(sources / "li")
    (sources / "broken.zip").write_bytes(b"")

    shown = run(sources, "--json")

    assert shown.exit_code == 1
    data = json.loads(shown.stdout)
    assert [change["student"] for change in data["changed"]] == ["wang"]
    assert data["ungradable"][0]["message"].startswith("li, small: there is no result with the exercise as it is now")
    assert (data["applied"], data["drops"]) == (False, [])


def one_after_the_other(book_path, course, sources):
    """The plan as one process makes it without any executor."""
    loaded = load_course(course)
    keys = {"small": exercise_key(loaded, loaded.exercise("small"), "cpu")}
    with Gradebook.open(book_path) as book:
        for path in sources.iterdir():
            book.keep(grade(read_submission(path), loaded), keys)
        return plan(book, keys)


@pytest.fixture
def many(sources, course, tmp_path):
    """Twelve students more, and a change after which grading takes its time."""
    loaded = load_course(course)
    keys = {"small": exercise_key(loaded, loaded.exercise("small"), "cpu")}
    with Gradebook.open(tmp_path / "course.db") as book:
        for number in range(12):
            folder = sources / f"s{number}"
            folder.mkdir()
            text = f"# small\n\n## sum\n{number}\n\n## product\n6\n"
            (folder / "answers.md").write_text(text)
            report = grade(read_submission(folder), loaded)
            book.record(folder.name, HandedIn(report.submission, folder.name), report, keys)
    checks = CHECKS.replace("SUM", "5").replace("from grader import", "import time\nfrom grader import", 1)
    (course / "small" / "checks.py").write_text(checks.replace("    expect", "    time.sleep(0.1)\n    expect"))
    return sources


def test_however_many_are_graded_at_once_the_plan_is_the_same(run, many, course, tmp_path):
    shutil.copy(tmp_path / "course.db", tmp_path / "serial.db")
    expected = one_after_the_other(tmp_path / "serial.db", course, many)
    shown = {}
    for jobs in (1, 3):
        copy = tmp_path / f"{jobs}.db"
        shutil.copy(tmp_path / "course.db", copy)
        shown[jobs] = run(many, "--jobs", jobs, "--json", "--book", copy)

    assert shown[1].stdout == shown[3].stdout
    data = json.loads(shown[1].stdout)
    assert (data["digest"], len(data["changed"])) == (expected.digest, 4)
    assert len(shown[3].stderr.splitlines()) == 14 - 2  # wang's 5 and li's 4 are handed in twice


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_regrading_that_is_ended_changes_no_mark_and_goes_on(run, many, course, tmp_path, ending, code):
    before = earned(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "--course", course, "regrade", many, "--jobs", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = process.stderr.readline()
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(ending)
    _, said = process.communicate(timeout=60)

    assert (process.returncode, first[:6]) == (code, "[1/12]")
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    assert earned(tmp_path) == before
    if ending == signal.SIGINT:
        assert "of 12 submissions were graded again, and no mark has changed; run the same again" in said
    shown = run(many, "--json")
    assert 0 < len(shown.stderr.splitlines()) < 12
    assert json.loads(shown.stdout)["digest"] == one_after_the_other(tmp_path / "course.db", course, many).digest


def test_what_could_not_be_graded_by_our_fault_says_so(run, sources, course, tmp_path):
    (course / "small" / "checks.py").write_text(CHECKS.replace("SUM", "1 / 0"))

    shown = run(sources, "--jobs", "1")

    assert (shown.exit_code, earned(tmp_path)) == (4, {"wang": 1, "li": 3})
    assert "- wang, small: grading it again met a fault of ours; the staff log says more" in shown.stdout


def test_dry_run_and_apply_exclude_each_other(run, sources):
    assert "give --dry-run or --apply, not both" in run("--dry-run", "--apply", "x", sources).stderr
