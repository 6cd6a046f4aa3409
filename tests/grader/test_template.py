"""The committed template is what the exercises' starters make of it."""

from pathlib import Path

from grader.exercise import load_course
from grader.template import render

ROOT = Path(__file__).parent.parent.parent


def test_the_committed_template_is_fresh():
    for name, text in render(load_course()).items():
        assert (ROOT / "student_template" / name).read_text(encoding="utf-8") == text, f"{name}: run make template"


def test_a_students_copy_holds_the_id_and_personal_matrices():
    files = render(load_course(), "2024001")

    assert files["grade.toml"] == 'student = "2024001"\n'
    assert files["answers.md"] != render(load_course())["answers.md"]
    assert files == render(load_course(), "2024001")
