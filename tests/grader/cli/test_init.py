import json

import pytest


def test_the_template_is_written_and_its_files_are_named(grade, tmp_path):
    done = grade("init", tmp_path / "hw", "--student", "2024001")

    assert done.exit_code == 0
    *files, said = done.stdout.splitlines()
    assert {path.name for path in (tmp_path / "hw").iterdir()} == {name.rsplit("/", 1)[-1] for name in files}
    assert said == f"Fill these in; `grade check {tmp_path / 'hw'}` tells how far you are."
    assert (tmp_path / "hw" / "grade.toml").read_text() == 'student = "2024001"\n'


def test_what_was_written_is_graded_as_a_blank_sheet(grade, tmp_path):
    grade("init", tmp_path / "hw")
    done = grade("check", tmp_path / "hw")

    assert done.exit_code == 1
    assert "double is not written yet." in done.stdout
    assert "everybody begins here" in done.stdout


def test_nothing_is_overwritten(grade, tmp_path):
    grade("init", tmp_path)
    (tmp_path / "double.py").write_text("mine")
    done = grade("init", tmp_path)

    assert done.exit_code == 2
    assert "double.py" in done.stderr
    assert "already there, and nothing is overwritten; choose another folder" in done.stderr
    assert (tmp_path / "double.py").read_text() == "mine"


@pytest.mark.parametrize("student", ["", " ", "a\nb", "x" * 101, "\x1b[31m"])
def test_an_id_that_is_no_line_of_text_is_refused_before_anything_is_written(grade, tmp_path, student):
    done = grade("init", tmp_path / "hw", "--student", student)

    assert done.exit_code == 2
    assert done.stderr.startswith("Error: student: expected one line of 1 to 100 characters, got ")
    assert not (tmp_path / "hw").exists()


def test_a_folder_that_cannot_be_written_says_so(grade, tmp_path):
    (tmp_path / "file").write_text("")
    done = grade("init", tmp_path / "file")

    assert done.exit_code == 2
    assert "cannot be written: File exists" in done.stderr


def test_a_course_that_is_none_is_the_caller_s_slip_and_a_broken_one_its_author_s(grade, tmp_path):
    (tmp_path / "course.toml").write_text("format = [")
    broken, none = grade("list", course=tmp_path), grade("list", course=tmp_path / "none")

    assert (none.exit_code, broken.exit_code) == (2, 4)
    assert none.stderr.splitlines()[-1] == f"Error: --course: {tmp_path / 'none'} holds no course.toml"
    assert "course.toml: not TOML: " in broken.stderr
    assert json.loads(grade("list", "--json", course=tmp_path).stdout)["exit_code"] == 4
