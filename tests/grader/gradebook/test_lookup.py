"""The key of a result changes with everything that decides it, and with nothing else."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from grader.exercise import load_course
from grader.gradebook import exercise_key, lookup

EXERCISES = Path(__file__).parents[3] / "exercises"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "course.toml").write_text(
        'format = 1\ntitle = "A"\nseed = "1"\nexercises = ["conv2d", "rcnn_family", "segnet"]\n'
    )
    for name in ("conv2d", "rcnn_family", "segnet"):
        shutil.copytree(EXERCISES / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def key(folder, device="cpu", name="conv2d"):
    course = load_course(folder)
    return exercise_key(course, course.exercise(name), device)


def test_the_key_is_the_same_for_the_same_course_wherever_it_lies(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy") / "course"
    shutil.copytree(folder, copy)

    assert key(copy) == key(folder)


def test_exercises_have_keys_of_their_own_and_devices_where_networks_run(folder):
    assert len({key(folder), key(folder, name="rcnn_family"), key(folder, name="segnet")}) == 3
    assert key(folder, "cuda", "segnet") != key(folder, "cpu", "segnet")
    assert key(folder, "cuda") == key(folder, "cpu")


@pytest.mark.parametrize("name", ["checks.py", "exercise.toml", "prompt.en.md"])
def test_a_changed_file_of_the_exercise_changes_its_key_only(folder, name):
    before, other = key(folder), key(folder, name="rcnn_family")
    with (folder / "conv2d" / name).open("a") as stream:
        stream.write("\n# changed\n")

    assert key(folder) != before
    assert key(folder, name="rcnn_family") == other


def test_the_seed_changes_every_key(folder):
    course = load_course(folder)
    other = replace(course, seed="2")

    assert all(exercise_key(course, part, "cpu") != exercise_key(other, part, "cpu") for part in course.exercises)


def test_a_changed_file_of_a_package_that_the_checks_import_changes_the_key(folder, tmp_path, monkeypatch):
    before = key(folder)
    told = lookup._package_digest
    monkeypatch.setattr(lookup, "_package_digest", lambda path: "new" if path.name == "reference" else told(path))

    assert key(folder) != before


def test_a_library_of_another_version_changes_the_key(folder, monkeypatch):
    before = key(folder)
    told = lookup.importlib.metadata.version
    monkeypatch.setattr(lookup.importlib.metadata, "version", lambda name: "99" if name == "numpy" else told(name))

    assert key(folder) != before


def test_compiled_files_do_not_count(folder):
    before = key(folder)
    (folder / "conv2d" / "__pycache__").mkdir()
    (folder / "conv2d" / "__pycache__" / "checks.cpython-311.pyc").write_bytes(b"compiled")

    assert key(folder) == before
