"""`grade book`: the table of the gradebook, and marks by hand."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from rich.console import Console

from grader.cli.program import program
from grader.gradebook import Gradebook, Person, Row, Table
from grader.message import msg
from grader.model import Points, Verdict
from grader.report.gradebook import ordered, show
from tests.grader.gradebook.samples import KEYS, LI, WANG, conv2d, essay, handed_in, report

ZHAO, SUN = Person("2024003", "赵"), Person("2024010", "=cmd|calc")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "course.db"
    with Gradebook.open(path) as book:
        book.enrol([WANG, LI, ZHAO, SUN])
        book.record(WANG.id, handed_in(), report(), KEYS)
        done = report("d2", [conv2d(strides=Verdict.PASS), essay(free=Verdict.PASS)])
        book.record(LI.id, handed_in("d2", "li.zip"), done, KEYS)
        book.ungraded(ZHAO.id, handed_in("", "zhao.zip"), msg("{name} is encrypted", name="zhao.zip"))
    return path


@pytest.fixture
def run(path, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    monkeypatch.setenv("GRADE_BOOK", str(path))

    def of(*arguments):
        return CliRunner().invoke(program, ["book", *arguments], prog_name="grade")

    return of


def points(path, person=WANG, exercise="essay"):
    with Gradebook.open(path, create=False) as book:
        return next(row for row in book.table() if row.person.id == person.id).cells[exercise].points


def test_the_table_tells_open_missing_and_ungraded_apart(run):
    shown = run()

    assert shown.exit_code == 0
    assert [line.split() for line in shown.output.splitlines()[:6]] == [
        ["id", "name", "conv2d", "essay", "total"],
        ["possible", "5", "5", "10"],
        ["2024001", "王小明", "2", "1+4?", "3+4?"],
        ["2024002", "Li,", "Ana", "5", "5", "10"],
        ["2024003", "赵", "!", "!", "!"],
        ["2024010", "=cmd|calc", "-", "-", "-"],
    ]
    assert shown.output.splitlines()[-1] == "- 2024003: zhao.zip is encrypted"


@pytest.mark.parametrize(
    ("options", "order"),
    [
        (["--sort", "total"], [WANG, LI, ZHAO, SUN]),
        (["--sort", "essay", "--reverse"], [LI, WANG, ZHAO, SUN]),
        (["--sort", "name"], [SUN, LI, WANG, ZHAO]),
        (["--reverse"], [SUN, ZHAO, LI, WANG]),
    ],
)
def test_the_table_can_be_sorted_and_who_has_no_mark_comes_last(run, options, order):
    assert [line.split()[0] for line in run(*options).output.splitlines()[2:6]] == [person.id for person in order]


def test_a_column_that_is_not_there_is_the_callers_slip(run):
    shown = run("--sort", "conv3d")

    assert shown.exit_code == 2
    assert "there is no column conv3d; there are: id, name, total, conv2d, essay" in shown.output


def test_the_table_as_json_holds_null_for_what_is_missing(run):
    data = json.loads(run("--json").output)

    assert data["exercises"] == [{"exercise": "conv2d", "possible": 5}, {"exercise": "essay", "possible": 5}]
    wang, _, zhao, sun = data["students"]
    assert wang["points"] == {"earned": 3, "pending": 4, "possible": 10}
    assert wang["exercises"]["essay"]["checks"]["free"] == {"verdict": "needs_review", "possible": 4}
    assert (zhao["points"], zhao["submission"]["name"]) == (None, "zhao.zip")
    assert zhao["problems"][0]["message"] == "zhao.zip is encrypted"
    assert (sun["points"], sun["submission"]) == (None, None)


def test_terminal_escapes_in_a_name_are_only_shown(run, path):
    with Gradebook.open(path) as book:
        book.enrol([Person("2024011", "\x1b[2J[red]Eve[/red]")])

    shown = run().output

    assert "\x1b" not in shown
    assert "[red]Eve[/red]" in shown


@pytest.mark.parametrize(("width", "is_numbered"), [(80, True), (200, False)])
def test_on_a_narrow_terminal_numbers_stand_for_the_exercises(path, width, is_numbered):
    names = [f"an_exercise_with_a_long_name_{number}" for number in range(9)]
    with Gradebook.open(path, create=False) as book:
        part = conv2d(strides=Verdict.NEEDS_REVIEW)
        parts = [replace(part, exercise=name) for name in names]
        book.record(SUN.id, handed_in("d9"), report("d9", parts), dict.fromkeys(names, "k"))
        whole = book.table()
    table = Table(tuple(names[: 9 if is_numbered else 3]), whole.rows, whole.remarks)
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    show(table, console)

    lines = stream.getvalue().splitlines()
    row = next(line for line in lines if line.startswith("2024010"))
    assert row.split()[2:] == ["2+3?"] * len(table.exercises) + ["18+27?"]
    assert max(map(len, lines[:6])) <= width
    assert (lines[0].split() == ["id", "name", *map(str, range(1, 10)), "total"]) == is_numbered
    assert any("1=an_exercise_with_a_long_name_0, 2=" in line for line in lines) == is_numbered


def test_numbers_are_sorted_as_numbers_and_words_as_words():
    people = ["10", "9", "zhao", "Li", "an"]
    table = Table((), tuple(Row(Person(name)) for name in people))

    assert [row.person.id for row in ordered(table)] == ["9", "10", "an", "Li", "zhao"]


def test_no_gradebook_is_the_callers_slip(run, tmp_path):
    shown = run("--book", str(tmp_path / "other.db"))

    assert shown.exit_code == 2
    assert "there is no gradebook at" in shown.output


def test_a_mark_by_hand_fills_what_is_open(run, path):
    shown = run("review", WANG.id, "essay", "--points", "3", "--comment", "clear", "--by", "Chen")

    assert (shown.exit_code, shown.output) == (0, "Marks by hand entered by Chen: 1\n")
    assert points(path) == Points(4, 0, 5)
    assert run().output.splitlines()[2].split() == ["2024001", "王小明", "2", "4*", "6*"]
    review = json.loads(run("--json").output)["students"][0]["exercises"]["essay"]["reviews"][0]
    at = datetime.fromisoformat(review.pop("at"))
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert review == {"checks": ["free"], "points": 3, "comment": "clear", "by": "Chen"}


def test_who_is_logged_in_gives_the_mark(run, path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "assistant")

    assert "entered by assistant" in run("review", WANG.id, "essay", "--points", "0").output
    assert points(path) == Points(1, 0, 5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([WANG.id, "essay", "--points", "5"], "expected a whole number from 0 to 4 for free, got '5'"),
        ([WANG.id, "essay", "--points=-1"], "expected a whole number from 0 to 4 for free, got '-1'"),
        ([WANG.id, "essay", "--points", "2.5"], "expected a whole number from 0 to 4 for free, got '2.5'"),
        ([WANG.id, "essay", "--points", "6", "--whole"], "from 0 to 5 for named, free, got '6'"),
        (["2024009", "essay", "--points", "1"], "2024009: nobody with this id is in the gradebook"),
        ([WANG.id, "essays", "--points", "1"], "nothing was graded for essays; exercises that were: conv2d, essay"),
        ([WANG.id, "conv2d", "--points", "1"], "no points of conv2d are open; name a check, or mark the exercise"),
        ([WANG.id, "essay", "--points", "1", "--check", "fre"], "essay has no check fre; there are: named, free"),
        ([ZHAO.id, "essay", "--points", "1"], "2024003: nothing was graded for essay"),
        ([WANG.id, "essay"], "expected STUDENT EXERCISE --points N"),
        ([WANG.id, "essay", "--points", "1", "--by", " "], "expected who gives the mark"),
    ],
)
def test_a_mark_that_cannot_be_given_is_refused(run, path, arguments, sentence):
    shown = run("review", *arguments)

    assert shown.exit_code == 2
    assert sentence in shown.output
    assert points(path) == Points(1, 4, 5)


def test_one_check_or_the_whole_exercise_can_be_marked(run, path):
    run("review", WANG.id, "conv2d", "--points", "2", "--check", "strides")
    assert points(path, exercise="conv2d") == Points(4, 0, 5)

    run("review", WANG.id, "conv2d", "--points", "1", "--whole")
    assert points(path, exercise="conv2d") == Points(1, 0, 5)


def test_a_later_mark_replaces_an_earlier_one(run, path):
    for given in ("1", "4"):
        run("review", WANG.id, "essay", "--points", given)

    assert points(path) == Points(5, 0, 5)


def test_a_sheet_of_what_is_open_is_filled_in_and_read_back(run, path, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(run("review").stdout_bytes)
    lines = sheet.read_text(encoding="utf-8-sig").splitlines()
    assert lines == [
        "student,exercise,checks,points,comment,by,possible,name,submission",
        "2024001,essay,free,,,,4,王小明,wang.zip",
    ]

    sheet.write_bytes("\n".join([lines[0], "2024001,essay,free,2,说得很清楚,陈,4,王小明"]).encode("gb18030"))
    shown = run("review", "--from", str(sheet))

    assert shown.exit_code == 0
    assert points(path) == Points(3, 0, 5)
    with Gradebook.open(path) as book:
        [review] = book.table().rows[0].cells["essay"].reviews
    assert (review.comment, review.by) == ("说得很清楚", "陈")


def test_a_sheet_with_one_bad_line_enters_nothing(run, path, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("student,exercise,points\n2024001,essay,3\n2024002,essay,9\n2024001,conv2d,\n")

    shown = run("review", "--from", str(sheet))

    assert shown.exit_code == 2
    assert "2024002: no points of essay are open" in shown.output
    assert shown.output.endswith("No mark was entered.\n")
    assert points(path) == Points(1, 4, 5)


def test_a_sheet_without_a_needed_column_is_refused(run, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("student;points\n2024001;3\n")

    assert "found no exercise" in run("review", "--from", str(sheet)).output
    assert "cannot be read: No such file" in run("review", "--from", str(tmp_path / "no.csv")).output


def test_a_sheet_that_is_no_text_is_refused(run, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(bytes(range(256)) * 4)

    assert "sheet.csv: this is not a text file" in run("review", "--from", str(sheet)).output
    sheet.write_bytes(b"\n,\n")
    assert "expected a table with a header, got an empty file" in run("review", "--from", str(sheet)).output
    sheet.write_text("student,exercise,points\n" + "x" * 200_000)
    assert "sheet.csv: not a table: field larger than field limit" in run("review", "--from", str(sheet)).output
