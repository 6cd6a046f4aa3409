import json

from tests.grader.test_verify import FILES


def written(folder, **changed):
    for name, text in (FILES | changed).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_proved_exercise_ends_with_0_and_its_numbers(grade, tmp_path):
    done = grade("verify", course=written(tmp_path))

    assert done.exit_code == 0
    assert done.stdout == "add: proved; checks 2, accepted 1, wrong 2, pairs told apart 1 of 1\n"


def test_what_is_not_proved_ends_with_1_and_its_problems(grade, tmp_path):
    course = written(tmp_path, **{"add/notes.txt": "x"})
    done = grade("verify", "add", course=course)

    assert done.exit_code == 1
    assert "add: NOT PROVED; " in done.stdout
    assert "  - notes.txt: an unknown file" in done.stdout
    [row] = json.loads(grade("verify", "--json", course=course).stdout)["exercises"]
    assert (row["proved"], row["checks"]) == (False, 2)


def test_an_exercise_that_is_not_there_is_the_caller_s_slip(grade, tmp_path):
    done = grade("verify", "ad", course=written(tmp_path))

    assert (done.exit_code, done.stderr) == (2, "Error: no exercise is called ad; did you mean add?\n")
