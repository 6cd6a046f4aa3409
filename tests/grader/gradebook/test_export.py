"""Each export is read back the way its target reads it, by small readers written after the targets' own rules."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from click.testing import CliRunner

from grader.cli.book_export import KINDS
from grader.cli.program import program
from grader.gradebook import Gradebook, Person
from grader.gradebook.export import EXPORTS
from grader.gradebook.export.order import converter
from grader.gradebook.table import Review
from grader.message import msg
from grader.model import Verdict
from tests.grader.gradebook.samples import KEYS, LI, WANG, conv2d, essay, handed_in, outcome, regrade, report

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ZHAO, SUN = Person("2024003", "赵"), Person("2024010", '=HYPERLINK("http://x")', "sun@example.edu")
QIAN = Person("2024011", "Qian", "Qian@example.edu")

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,HW0 (777),HW1 convolution (12345),Final (9),Current Score
,,,,,Manual Posting,,,
    Points Possible,,,,,3,10,100 (read only),(read only)
"Li, Ana",4712,2024002,ana,"Section A, evening",3,,50,77
"王, 小明",4711,2024001,wxm,Section A,1,8,50,80
赵,4713,2024003,zhao,Section A,2,,,
"=HYPERLINK(""http://x"")",4714,2024010,sun,Section B,2,4,,
"Nobody, Else",4715,2024099,else,Section B,2,6,,
"Student, Test",4716,,0d9f,Section B,,,,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments
Participant 71,王小明,wang@example.edu,Submitted,,10.00,Yes,"Friday, 20 November 2026",-,
Participant 72,Ana Li,li@example.edu,Submitted,,10.00,Yes,"Friday, 20 November 2026",-,well done
Participant 73,"=HYPERLINK(""http://x"")",sun@example.edu,Submitted,,10.00,Yes,-,-,
Participant 74,Qian,qian@example.edu,Submitted,7.00,10.00,No,-,"Friday, 20 November 2026",
"""


@pytest.fixture
def book(tmp_path):
    """Li has everything, Wang an open essay, Sun a name that is a formula, Zhao no mark, Qian a mark by hand."""
    with Gradebook.open(tmp_path / "course.db") as book:
        book.enrol([WANG, LI, ZHAO, SUN, QIAN, Person("2024012", "Zhou")])
        book.record(WANG.id, handed_in(), report(), KEYS)
        for person, digest, free in ((LI, "d2", Verdict.PASS), (SUN, "d3", Verdict.ERROR)):
            done = report(digest, [conv2d(strides=Verdict.PASS), essay(free=free)])
            book.record(person.id, handed_in(digest, f"{person.id}.zip", NOON), done, KEYS)
        book.ungraded(ZHAO.id, handed_in("", "zhao.zip"), msg("{name} is encrypted", name="zhao.zip"))
        book.record(QIAN.id, handed_in("d4", "q.zip"), report("d4"), KEYS)
        book.review([Review(QIAN.id, "essay", "d4", ("free",), 2, "=short", "Chen", NOON)])
        yield book


@pytest.fixture
def run(book, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    monkeypatch.setenv("GRADE_BOOK", book.name)

    def of(kind, *arguments, template=None):
        if template is not None:
            (tmp_path / "template.csv").write_bytes(template if isinstance(template, bytes) else template.encode())
            arguments = ("--template", str(tmp_path / "template.csv"), *arguments)
        return CliRunner().invoke(program, ["book", "export", "--to", kind, *arguments], prog_name="grade")

    return of


def table_of(content, **options):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True, **options))


def is_formula(cell):
    return cell.startswith(("=", "+", "-", "@", "\t", "\r"))


# --- readers, after the rules of the targets


def read_canvas(content, before):
    """What Canvas would set: by its assignment id and a student's ID; columns as its importer tells them apart."""
    text = content.decode("utf-8")
    delimiter = ";" if text.split("\n")[0].count(";") > text.split("\n")[0].count(",") else ","
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert "Student" in header[0]
    assert header[1] == "ID"
    section = max(number for number, title in enumerate(header) if "Section" in title)
    points = next(row for row in rows if row[0] == "    Points Possible")
    ids = {match[1] for title in before[0] if (match := re.search(r"\((\d+)\)$", title))}
    changes = {}
    for column in range(section + 1, len(header)):
        assignment = re.search(r"\((\d+)\)$", header[column])[1]
        assert assignment in ids, "Canvas would make a new assignment"
        assert "(read only)" not in points[column]
        for row in rows[rows.index(points) + 1 :]:
            if row[column] != "":  # an empty cell changes nothing
                changes[assignment, row[1]] = round(float(row[column].replace(",", ".")), 2)
    return changes


def read_worksheet(content, titles=("Identifier", "Grade", "Last modified (grade)")):
    """Moodle's offline grading: three columns by their titles, the rest is not read."""
    header, *rows = table_of(content)
    places = [header.index(title) for title in titles]
    return {row[places[0]]: (row[places[1]], row[places[2]]) for row in rows}


def read_gradescope(data):
    """A result as Gradescope takes it: known keys alone, and the score that it would show."""
    assert data.keys() <= {
        *("score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"),
        *("visibility", "stdout_visibility", "extra_data", "tests", "leaderboard"),
    }
    for test in data["tests"]:
        assert test.keys() <= {
            *("score", "max_score", "status", "name", "name_format", "number", "output", "output_format"),
            *("tags", "visibility", "extra_data"),
        }
        assert test.get("status", "passed") in ("passed", "failed")
        assert isinstance(test.get("score", 0.0), float)
    return data["score"] if "score" in data else sum(test.get("score", 0) for test in data["tests"])


SUITE = {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package"}


def read_junit(content):
    """The document as the schema of JUnit demands it; by suite and case what happened."""
    root = ET.fromstring(content)
    assert root.tag == "testsuites"
    assert root.attrib.keys() <= {"name", "time", "tests", "failures", "errors"}
    found = {}
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors"} <= suite.attrib.keys() <= SUITE
        properties, *cases = suite
        assert all(part.attrib.keys() == {"name", "value"} for part in properties)
        kinds = []
        for case in cases:
            assert case.tag == "testcase"
            assert {"name"} <= case.attrib.keys() <= {"name", "time", "classname", "group"}
            assert {part.tag for part in case} <= {"skipped", "failure", "error", "system-out", "system-err"}
            assert all(part.attrib.keys() <= {"message", "type"} for part in case if part.tag in ("failure", "error"))
            kinds += [part.tag for part in case if part.tag != "system-out"] or ["passed"]
        assert int(suite.get("tests")) == len(cases)
        for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(count)) == kinds.count(kind)
        found[suite.get("name")] = ({part.get("name"): part.get("value") for part in properties}, kinds)
    return found


# --- our own formats


def test_the_command_knows_every_export():
    assert tuple(EXPORTS) == KINDS


def test_csv_has_no_zero_for_what_is_missing_or_open(run):
    shown = run("csv")
    header, *rows = table_of(shown.stdout_bytes)
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}

    assert shown.stdout_bytes.startswith(b"id,")
    assert [found[LI.id][name] for name in ("conv2d", "essay", "total", "possible")] == ["5", "5", "10", "10"]
    wang = found[WANG.id]
    assert [wang[name] for name in ("essay", "essay earned", "essay open", "total", "total earned")] == [
        *("", "1", "4", "", "3"),
    ]
    assert [found[SUN.id][name] for name in ("essay", "total", "received_at")] == [
        *("1", "6", "2026-11-20T12:00:00+00:00"),
    ]
    assert {found[ZHAO.id][f"{name}{kind}"] for name in ("conv2d", "total") for kind in ("", " earned", " open")} == {
        ""
    }
    assert found[ZHAO.id]["problems"] == "zhao.zip is encrypted"
    assert [found[QIAN.id][name] for name in ("essay", "total")] == ["3", "5"]


def test_csv_holds_no_formula_and_quotes_as_the_rfc_says(run, book):
    book.enrol([Person("2024013", '@SUM(1)\n,"x"', "+1"), Person("-5", "\tx")])
    rows = table_of(run("csv").stdout_bytes)

    assert not any(is_formula(cell) for row in rows for cell in row)
    assert ["'-5", "'\tx"] in [row[:2] for row in rows]
    assert ["2024013", '\'@SUM(1)\n,"x"', "'+1"] in [row[:3] for row in rows]
    assert len({len(row) for row in rows}) == 1


def test_what_has_no_mark_is_named(run):
    assert run("csv").stderr.splitlines() == [
        "2024001: 4 points are still open; the mark stays empty",
        "2024003: could not be graded; the mark stays empty",
        "2024012: nothing was handed in; the mark stays empty",
    ]


def test_a_student_with_an_exercise_that_was_not_graded_has_no_total(run, book):
    book.record("9", handed_in("d9", "9.zip"), report("d9", [conv2d()], not_graded=("essay",)), KEYS)

    assert "9: essay not graded yet; the mark stays empty" in run("csv").stderr


def test_xlsx_holds_numbers_as_numbers_and_names_as_text(run, book, tmp_path):
    book.enrol([Person("2024014", "Eve\x1b[2J")])
    assert run("xlsx", "-o", str(tmp_path / "marks.xlsx")).exit_code == 0
    page = openpyxl.load_workbook(tmp_path / "marks.xlsx").active
    header, *rows = page.iter_rows()
    names = [cell.value for cell in header]
    found = {row[0].value: dict(zip(names, row, strict=True)) for row in rows}

    sun = found[SUN.id]
    assert (sun["name"].value, sun["name"].data_type, sun["name"].quotePrefix) == (SUN.name, "s", True)
    assert (sun["total"].value, sun["total"].data_type) == (6, "n")
    assert not any(cell.data_type == "f" for row in rows for cell in row)
    assert (found[WANG.id]["essay"].value, found[WANG.id]["essay open"].value) == (None, 4)
    assert found[ZHAO.id]["total"].value is None
    assert found["2024014"]["name"].value == "Eve\N{REPLACEMENT CHARACTER}[2J"


def test_json_is_the_table_of_grade_book(run):
    data = json.loads(run("json").stdout)

    assert data == json.loads(CliRunner().invoke(program, ["book", "--json"], prog_name="grade").stdout)
    assert {row["id"]: row["points"] and row["points"]["earned"] for row in data["students"]} == {
        WANG.id: 3, LI.id: 10, ZHAO.id: None, SUN.id: 6, QIAN.id: 5, "2024012": None,
    }  # fmt: skip


# --- Canvas


def test_canvas_sets_the_one_assignment_and_nothing_else(run):
    shown = run("canvas", "--column", "12345", template=CANVAS)

    assert shown.exit_code == 0
    assert read_canvas(shown.stdout_bytes, table_of(CANVAS.encode())) == {("12345", "4712"): 10, ("12345", "4714"): 6}
    assert shown.stderr.splitlines() == [
        "2024001: 4 points are still open; the mark stays empty",
        "2024003: could not be graded; the mark stays empty",
        "2024011: no line of the template is theirs",
        "2024012: nothing was handed in; the mark stays empty",
    ]


def test_canvas_keeps_the_teachers_header_students_and_possible_points(run):
    rows = table_of(run("canvas", "--column", "HW1 convolution", template=CANVAS).stdout_bytes)
    before = [[*row[:5], row[6]] for row in table_of(CANVAS.encode())]

    assert rows[:3] == before[:3]
    assert rows[2][0] == "    Points Possible"
    assert [row[1:5] for row in rows] == [row[1:5] for row in before]
    assert not any(is_formula(cell) for row in rows for cell in row)


def test_canvas_has_an_excused_student_left_so(run):
    excused = CANVAS.replace(',evening",3,,', "").replace('evening",3,,50', 'evening",3,EX,50')

    shown = run("canvas", "--column", "12345", template=excused)

    assert ("12345", "4712") not in read_canvas(shown.stdout_bytes, table_of(CANVAS.encode()))
    assert "2024002: is excused in Canvas; left so" in shown.stderr


def test_canvas_files_with_semicolons_get_decimal_commas(run):
    other = "Student;ID;SIS Login ID;Section;HW1 (5)\r\n    Points Possible;;;;15,00\r\nLi;1;2024002;A;\r\nSun;2;2024010;A;\r\n"

    shown = run("canvas", "--scale", template=other)

    assert b"Sun;2;2024010;A;9\r\n" in shown.stdout_bytes
    assert read_canvas(shown.stdout_bytes, [["HW1 (5)"]]) == {("5", "1"): 15, ("5", "2"): 9}
    shown = run("canvas", "--scale", template=other.replace("15,00", "12,50"))
    assert b"Sun;2;2024010;A;7,5\r\n" in shown.stdout_bytes


def test_canvas_rounds_a_converted_mark_to_two_decimals(run):
    shown = run("canvas", "--scale", "-e", "essay", template=CANVAS.replace(",10,100", ",1,100").replace("(777)", ""))

    assert read_canvas(shown.stdout_bytes, table_of(CANVAS.encode())) == {("12345", "4712"): 1, ("12345", "4714"): 0.2}


def test_canvas_numbers_that_are_someone_elses_by_the_name_are_not_trusted(run, book):
    other = 'Student,ID,Section,HW1 (5)\n    Points Possible,,,10\n"Ana, Li",2024002,A,\n"Zhang, San",2024010,A,\n'

    shown = run("canvas", template=other)

    assert read_canvas(shown.stdout_bytes, [["HW1 (5)"]]) == {("5", "2024002"): 10}
    assert "2024010: Canvas's own number of this value is Zhang, San's" in shown.stderr


def test_canvas_students_who_stand_twice_are_not_guessed(run):
    twice = CANVAS.replace("2024099", "2024002")

    shown = run("canvas", "--column", "12345", template=twice)

    assert "2024002: more than one line of the template fits" in shown.stderr
    assert read_canvas(shown.stdout_bytes, table_of(CANVAS.encode())) == {("12345", "4714"): 6}


def test_canvas_has_one_line_for_one_student(run, book):
    book.record("ana", handed_in("d9", "ana.zip"), report("d9", [conv2d(), essay(free=Verdict.PASS)]), KEYS)

    shown = run("canvas", "--column", "12345", template=CANVAS)

    assert "2024002: ana has the same line of the template" in shown.stderr
    assert "ana: 2024002 has the same line of the template" in shown.stderr
    assert read_canvas(shown.stdout_bytes, table_of(CANVAS.encode())) == {("12345", "4714"): 6}


@pytest.mark.parametrize(("points", "text"), [(6, "0.01"), (5, "0"), (18, "0.02"), (1200, "1"), (0, "0")])
def test_a_half_cent_is_rounded_up(points, text):
    assert converter("HW1", "1", 1200, scaled=True).text(points) == text


def test_canvas_files_with_names_in_two_columns_are_filled_in_too(run):
    other = "LastName,FirstName,ID,Section,HW1 (5)\n    Points Possible,,,,10\nLi,Ana,2024002,A,\n=Sun,S,2024010,A,\n"

    shown = run("canvas", template=other)

    assert table_of(shown.stdout_bytes)[2:] == [["Li", "Ana", "2024002", "A", "10"], ["'=Sun", "S", "2024010", "A", ""]]


@pytest.mark.parametrize(
    ("template", "options", "sentence"),
    [
        (None, [], "canvas: expected --template FILE, the CSV that Canvas exports"),
        (CANVAS, [], "it holds 2 assignments that can be filled in; name one with --column: HW0 (777); HW1 convolution (12345)"),
        (CANVAS, ["--column", "HW2"], "expected one assignment HW2, found 0"),
        (CANVAS, ["--column", "Final"], "expected one assignment Final, found 0"),  # it is read only
        (CANVAS, ["--column", "777"], "HW0 (777) is worth '3' points there and 10 here; make both equal, or give --scale"),
        (CANVAS, ["--column", "12345", "-e", "conv3d"], "no exercise is called conv3d; there are: conv2d, essay"),
        ("id,name\n1,x\n", [], "expected the CSV that Canvas exports, with the columns Student, ID and Section, got id, name"),
        (CANVAS.replace(",10,100", ",,100"), ["--column", "12345"], "expected one assignment 12345, found 0"),
    ],
)  # fmt: skip
def test_canvas_refuses_what_it_cannot_be_sure_of(run, template, options, sentence):
    shown = run("canvas", *options, template=template)

    assert shown.exit_code == 2
    assert sentence in shown.stderr
    assert shown.stdout == ""


# --- Moodle


def test_moodle_fills_in_grades_and_empty_feedback_alone(run):
    shown = run("moodle", template=MOODLE)
    before, after = table_of(MOODLE.encode()), table_of(shown.stdout_bytes)

    assert read_worksheet(shown.stdout_bytes) == {
        "Participant 71": ("", "-"),
        "Participant 72": ("10", "-"),
        "Participant 73": ("6", "-"),
        "Participant 74": ("7.00", "Friday, 20 November 2026"),
    }
    assert [[row[number] for number in (0, 2, 3, 5, 6, 7, 8)] for row in after] == [
        [row[number] for number in (0, 2, 3, 5, 6, 7, 8)] for row in before
    ]
    assert [row[-1] for row in after] == ["Feedback comments", "", "well done", "conv2d 5/5; essay 1/5", ""]
    assert after[3][1] == "'" + SUN.name
    assert "2024011: Moodle lets nobody change this grade" in shown.stderr  # found by e-mail, whatever its capitals


def test_moodle_in_chinese_is_recognised_and_keeps_its_decimal_comma(run):
    chinese = (
        MOODLE.replace("Identifier", "标识符").replace("Email address", "电子邮件地址").replace("Maximum Grade", "最高分")
        .replace("Grade can be changed", "允许更改成绩").replace("Participant", "参与人").replace(",Yes,", ",是,").replace(",No,", ",是,")
        .replace("Status,Grade,", "状态,成绩,").replace("10.00", '"12,50"')
    )  # fmt: skip

    shown = run("moodle", "--scale", template=b"\xef\xbb\xbf" + chinese.encode())

    assert shown.stdout_bytes.startswith(b"\xef\xbb\xbf" + "标识符".encode())
    found = read_worksheet(shown.stdout_bytes[3:], ("标识符", "成绩", "Last modified (grade)"))
    assert [grade for grade, _ in found.values()] == ["", "12,5", "7,5", "6,25"]


def test_moodles_participant_number_is_no_student_number(run, book):
    book.record("72", handed_in("d9", "72.zip"), report("d9", [conv2d(), essay(free=Verdict.PASS)]), KEYS)

    shown = run("moodle", template=MOODLE)

    assert read_worksheet(shown.stdout_bytes)["Participant 72"][0] == "10"
    assert "72: no line of the template is theirs" in shown.stderr


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("a,b\n1,2\n", "expected the grading worksheet that Moodle offers for download"),
        (MOODLE.replace("10.00", "100.00"), "is worth '100.00' points there and 10 here"),
        (MOODLE.splitlines()[0], "the worksheet holds no students"),
    ],
)
def test_moodle_refuses_what_is_no_worksheet(run, template, sentence):
    shown = run("moodle", template=template)

    assert shown.exit_code == 2
    assert sentence in shown.stderr


def test_moodles_gradebook_gets_those_alone_who_have_a_mark(run):
    shown = run("moodle", "--column", "HW1 convolution")

    assert table_of(shown.stdout_bytes) == [
        ["idnumber", "email", "HW1 convolution", "HW1 convolution feedback"],
        [LI.id, LI.email, "10", "conv2d 5/5; essay 5/5"],
        [SUN.id, SUN.email, "6", "conv2d 5/5; essay 1/5"],
        [QIAN.id, QIAN.email, "5", "conv2d 2/5; essay 3/5"],
    ]


# --- Gradescope and JUnit


def test_gradescope_shows_the_earned_score_and_what_is_open(run, tmp_path):
    run("gradescope", "-o", str(tmp_path / "results.zip"))
    with zipfile.ZipFile(tmp_path / "results.zip") as archive:
        found = {name: json.loads(archive.read(name)) for name in archive.namelist()}

    assert {name.split("/")[0]: read_gradescope(data) for name, data in found.items()} == {
        WANG.id: 3, LI.id: 10, SUN.id: 6, QIAN.id: 5,
    }  # fmt: skip
    wang = found[f"{WANG.id}/results.json"]
    assert wang["output"] == "4 points are still open; the score holds what is earned"
    strides, free = wang["tests"][1], wang["tests"][3]
    assert (strides["score"], strides["max_score"], strides["status"]) == (0.0, 3.0, "failed")
    assert (strides["number"], strides["output"]) == ("1.2", "got: 4 of 9 values")
    assert not free.keys() & {"score", "max_score", "status"}
    qian = found[f"{QIAN.id}/results.json"]["tests"][3]
    assert (qian["score"], qian["max_score"], qian["output"]) == (2.0, 4.0, "marked by hand: 2 of 4 points\n=short")


def test_gradescope_for_one_student_is_one_file(run):
    assert read_gradescope(json.loads(run("gradescope", "--student", LI.id).stdout)) == 10
    shown = run("gradescope", "--student", ZHAO.id)
    assert (shown.exit_code, shown.stderr) == (2, "Error: 2024003: was not graded, so there is no result\n")


def test_a_students_id_leads_out_of_no_folder(run, book, tmp_path):
    for number, student in enumerate(("../../etc", "..", "a/b", "学号1")):
        book.record(student, handed_in(f"x{number}", "x"), report(f"x{number}"), KEYS)
    run("gradescope", "-o", str(tmp_path / "results.zip"))

    with zipfile.ZipFile(tmp_path / "results.zip") as archive:
        names = archive.namelist()
    assert all(re.fullmatch(r"[^/]+/results\.json", name) and not name.startswith("../") for name in names)
    assert len(set(names)) == 8


def test_junit_tells_wrong_broken_and_open_apart(run):
    shown = run("junit")
    found = read_junit(shown.stdout_bytes)

    assert found[f"{WANG.id} conv2d"][1] == ["passed", "failure"]
    assert found[f"{WANG.id} essay"][1] == ["passed", "skipped"]
    assert found[f"{SUN.id} essay"][1] == ["passed", "error"]
    assert found[f"{QIAN.id} essay"][1] == ["passed", "failure"]
    assert found[f"{WANG.id} essay"][0] == {
        "student": WANG.id, "points": "1", "open_points": "4", "max_points": "5", "version": "1",
    }  # fmt: skip
    assert "2024003: was not graded, so there is no result" in shown.stderr
    assert ET.fromstring(shown.stdout_bytes).attrib == {"name": "grade", "tests": "16", "failures": "3", "errors": "1"}


def test_junit_holds_characters_that_xml_forbids_as_their_numbers(run, book):
    said = outcome("identity", Verdict.ERROR, 2, msg("raised {text}", text="\x00\x1b[2J <&> \ud800 \ufffe 数"))
    part = report("x", [conv2d().__class__("conv2d", 1, msg("conv2d"), (said,))])
    book.record("eve", handed_in("x"), part, KEYS)

    case = ET.fromstring(run("junit", "--student", "eve").stdout_bytes).find(".//error")

    assert case.text == "raised \\x00\\x1b[2J <&> \\ud800 \\ufffe 数"


def test_an_open_mark_that_no_longer_fits_is_open_in_every_format(run, book):
    renewed = report("d4", [conv2d(), essay(free=Verdict.PASS, version=2, worth=1)])
    regrade(book, QIAN, renewed, {"conv2d": "2", "essay": "2"})

    assert read_junit(run("junit").stdout_bytes)[f"{QIAN.id} essay"][1] == ["passed", "skipped"]
    assert "score" not in json.loads(run("gradescope", "--student", QIAN.id).stdout)["tests"][3]
    assert f"{QIAN.id}: 1 points are still open" in run("csv").stderr


# --- the command


def test_a_template_goes_with_canvas_and_moodle(run):
    shown = run("csv", template=CANVAS)

    assert shown.exit_code == 2
    assert "--template goes with --to canvas and --to moodle" in shown.stderr


def test_an_output_that_cannot_be_written_is_one_sentence(run, tmp_path):
    shown = run("csv", "-o", str(tmp_path / "no" / "marks.csv"))

    assert shown.exit_code == 2
    assert "marks.csv: cannot be written: No such file or directory" in shown.stderr
    assert list(tmp_path.glob(".marks*")) == []


def test_the_same_gradebook_gives_the_same_bytes(run):
    for kind in set(KINDS) - {"xlsx", "canvas"}:
        assert run(kind).stdout_bytes == run(kind).stdout_bytes
