import pytest

from grader.intake import Submission, read_submission


def submission(**files):
    return Submission({name: text.encode() for name, text in files.items()})


def test_the_digest_depends_on_paths_and_contents_and_not_on_their_order():
    one = submission(**{"a.py": "x", "b.py": "y"})

    assert one.digest == submission(**{"b.py": "y", "a.py": "x"}).digest
    assert one.digest != submission(**{"a.py": "y", "b.py": "x"}).digest
    assert one.digest != submission(**{"a.py": "xb.py", "b.py": "y"}).digest


@pytest.mark.parametrize(
    ("text", "student"),
    [('student = "2024001"\n', "2024001"), ('student = "王小明"\n', "王小明"), ("student = 2024001\n", "2024001")],
)
def test_grade_toml_says_who_hands_in(text, student):
    assert submission(**{"grade.toml": text}).student == student
    assert submission(**{"grade.toml": text}).student_problem is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('student = "a\n', "Illegal character"),
        ("student = 0123\n", "Expected newline or end of document"),
        ('stud = "1"\n', "it has no text under student"),
        ('student = " "\n', "it has no text under student"),
        ("student = true\n", "it has no text under student"),
        ("student = " + "9" * 9000 + "\n", "Exceeds the limit"),
        ("a = " + "[" * 9000 + "\n", ""),
    ],
)
def test_a_broken_grade_toml_is_told_and_costs_nothing_else(tmp_path, text, reason):
    (tmp_path / "grade.toml").write_text(text)
    (tmp_path / "a.py").write_text("x = 1\n")

    [remark] = map(str, read_submission(tmp_path).remarks)

    assert remark.startswith(f"grade.toml does not say who hands in: {reason}")
    assert remark.endswith('; expected one line, student = "2024001" with your own number.')
    assert read_submission(tmp_path).student is None


def test_without_grade_toml_nobody_is_named_and_nothing_is_remarked(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")

    assert read_submission(tmp_path).student is None
    assert read_submission(tmp_path).remarks == ()


def test_the_answer_sheet_comes_first_and_readmes_hold_no_answers():
    sheets = submission(
        **{"a.md": "# a\n", "README.md": "# r\n", "sub/answers.md": "# b\n", "README.zh.md": "#\n"}
    ).sheets

    assert [sheet.sections[0].title for sheet in sheets] == ["b", "a"]


def test_a_function_is_found_in_the_file_of_the_template_or_in_the_only_other_one():
    code = "def f(): ...\n"

    assert submission(**{"f.py": code, "copy.py": code}).find("f.py", ("f",)) == "f.py"
    assert submission(**{"mine.py": code, "other.py": "x = 1\n"}).find("f.py", ("f",)) == "mine.py"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "Expected a file f.py that defines f, g."),
        ({"f.py": "def f(): ...\n"}, "f.py does not define f, g; keep the name that the template has."),
        (
            {"f.py": "def f():\n    return (1\n"},
            "f.py, line 2 is not Python ('(' was never closed), so lines 1 to 2 were left out.",
        ),
        (
            {"a.py": "f = g = 1\n", "b.py": "f = g = 1\n"},
            "Several files define it (a.py, b.py); keep it in f.py only.",
        ),
    ],
)
def test_a_function_that_is_not_found_says_why(files, said):
    assert str(submission(**files).find("f.py", ("f", "g"))) == said


def test_a_file_that_was_left_out_says_why_its_function_is_not_found(tmp_path):
    (tmp_path / "f.py").write_bytes(b"\xff\xff\xff")
    (tmp_path / "a.py").write_text("x = 1\n")

    said = str(read_submission(tmp_path).find("f.py", ("f",)))

    assert said == "f.py cannot be read: this is not a text file, or not in UTF-8; save it as UTF-8"


def test_files_are_written_where_a_guest_reads_them(tmp_path):
    submission(**{"a.py": "x", "sub/b.py": "y"}).write(tmp_path)

    assert (tmp_path / "sub" / "b.py").read_text() == "y"
