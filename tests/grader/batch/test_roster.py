"""The roster as class offices export it, and matching that says what it cannot tell."""

import pytest

from grader.batch.naming import Clue
from grader.batch.roster import person_of, read_roster
from grader.errors import GraderError
from grader.gradebook import Person

PLAIN = "id,name,email\n2024001,王小明,xm@example.edu\n2024002,Lei Li,ll@example.edu\n2024003,王伟,\n2024004,王伟,w4@example.edu\n"


@pytest.fixture
def roster(tmp_path):
    def of(text=PLAIN, encoding="utf-8"):
        path = tmp_path / "roster.csv"
        path.write_bytes(text.encode(encoding))
        return read_roster(path)

    return of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_encodings_of_spreadsheets_are_read(roster, encoding):
    assert roster(encoding=encoding).people[0] == Person("2024001", "王小明", "xm@example.edu")


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("姓名,学号,邮箱\n王小明,2024001,a@b.cn\n", Person("2024001", "王小明", "a@b.cn")),
        ("E-mail;Student ID;First name;Last name\na@b.cn;7;Lei;Li\n", Person("7", "Lei Li", "a@b.cn")),
        ("Name\tStudent No.\nLi, Lei\t007\n", Person("007", "Li, Lei")),
        ('id,name\n"=""007""",x\n', Person("007", "x")),
        ("\n\nid,name\n1,x\n,,\n", Person("1", "x")),
    ],
)
def test_columns_stand_in_any_order_under_their_usual_names(roster, text, person):
    read = roster(text)

    assert (read.people, read.remarks) == ((person,), ())


def test_canvas_gradebooks_are_rosters(roster):
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (12)\n    Points Possible,,,,,10\n"
        '"Wang, Xiaoming",4711,2024001,wxm,A,\n'
    )
    read = roster(text)

    assert (read.people, read.remarks) == ((Person("2024001", "Wang, Xiaoming"),), ())
    assert read.match(Clue(name="wangxiaoming", canvas="4711")).id == "2024001"
    assert (
        str(read.match(Clue(name="wangxiaoming", canvas="4712")))
        == "nobody in the roster has this id, login or address"
    )


def test_lines_of_canvas_that_are_nobody_are_no_remark(roster):
    read = roster(
        "Student,ID,SIS User ID,SIS Login ID,Section,HW (1)\n,,,,,Manual Posting\n    Points Possible,,,,,3\nLi,4,7,li,A,\n"
    )

    assert ([person.id for person in read.people], read.remarks) == (["7"], ())


def test_classroom_rosters_are_rosters(roster):
    read = roster('"identifier","github_username","github_id","name"\n"2024001","octocat","583231","Mona"\n')

    assert read.match(Clue(login="octocat")).id == "2024001"


def test_a_roster_needs_ids(roster):
    with pytest.raises(
        GraderError, match=r"expected a column of students' ids \(id, student id, 学号\), found the columns name, email"
    ):
        roster("name,email\nx,y\n")


def test_a_roster_that_is_no_text_is_named(roster, tmp_path):
    (tmp_path / "roster.csv").write_bytes(b"\0\1\2\3")
    with pytest.raises(GraderError, match="roster.csv: the roster cannot be read"):
        read_roster(tmp_path / "roster.csv")
    with pytest.raises(GraderError, match="none.csv: the roster cannot be read: No such file"):
        read_roster(tmp_path / "none.csv")


def test_two_students_with_one_id_are_said_and_matched_with_nobody(roster):
    read = roster("id,name\n1,A\n2,B\n1,C\n2,B\n,D\n")

    assert [person.name for person in read.people] == ["B"]
    assert [str(remark) for remark in read.remarks] == [
        "roster.csv, line 4: 1 A; 1 C have one id; their submissions are matched with nobody",
        "roster.csv, line 6: there is no id; the line does not count",
    ]
    assert str(read.match(Clue(id="1"))) == "nobody in the roster has this id, login or address"


@pytest.mark.parametrize(
    ("clue", "person"),
    [
        (Clue(id="2024001"), "2024001"),
        (Clue(id="xm@example.edu"), "2024001"),
        (Clue(id="", email="XM@example.edu", name="?"), "2024001"),
        (Clue(name="王小明", number="2024002"), "2024001"),  # Moodle's number is no id
        (Clue(name="lilei", canvas="2024001"), "2024002"),  # this roster knows no ids of Canvas
        (Clue(name="Li Lei"), "2024002"),
        (Clue(text="2024001"), "2024001"),
        (Clue(text="2024001王小明_作业1"), "2024001"),
        (Clue(text="作业-王小明"), "2024001"),
        (Clue(text="hw1 (Lei_Li)"), "2024002"),
        (Clue(text="ll@example.edu"), "2024002"),
        (Clue(text="王伟 2024004"), "2024004"),
        (Clue(id="2024003", name="王伟"), "2024003"),
    ],
)
def test_names_lead_to_one_student(roster, clue, person):
    assert roster().match(clue).id == person


@pytest.mark.parametrize(
    ("clue", "reason"),
    [
        (Clue(text="homework"), "nobody in the roster is called so"),
        (Clue(text="20240011"), "nobody in the roster is called so"),
        (Clue(text="2024_001"), "nobody in the roster is called so"),
        (Clue(text="王小明明"), "nobody in the roster is called so"),
        (Clue(name="王伟"), "it fits several students: 2024003 王伟; 2024004 王伟"),
        (Clue(text="2024001_2024002"), "it fits several students: 2024001 王小明; 2024002 Lei Li"),
        (Clue(text="2024001_Lei Li"), "its parts name different students"),
        (Clue(id="2024001", email="ll@example.edu"), "its parts name different students"),
        (Clue(id="999", name="王小明"), "nobody in the roster has this id, login or address"),
        (Clue(number="x7Ab2"), "nobody in the roster is called so"),
    ],
)
def test_nobody_is_guessed(roster, clue, reason):
    assert str(roster().match(clue)) == reason


@pytest.mark.parametrize(
    ("clue", "person"),
    [
        (Clue(id="1", name="A", email="a@b.c"), Person("1", "A", "a@b.c")),
        (Clue(name="wang", canvas="12"), Person("12", "wang")),
        (Clue(name="王小明", number="77"), Person("77", "王小明")),
        (Clue(login="octocat"), Person("octocat")),
        (Clue(text="a\nb"), Person("a b")),
    ],
)
def test_without_a_roster_everybody_is_who_the_names_say(clue, person):
    assert person_of(clue) == person
