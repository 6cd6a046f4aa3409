"""What is installed is what is needed: the wheel holds exercises with their submissions, template and catalogues."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # A copy of what git tracks: a stale build/ folder must not be what we look at.
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    source = folder / "source"
    for name in filter(None, tracked.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(folder),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["grader", "reference", "exercises", "student_template"])
def test_the_wheel_holds_every_tracked_file_of_a_package(wheel_names, folder):
    tracked = subprocess.run(["git", "ls-files", "-z", folder], cwd=ROOT, capture_output=True, check=True).stdout
    wanted = {name for name in tracked.decode().split("\0") if name and (ROOT / name).is_file()}

    assert wanted - wheel_names == set()


def test_the_wheel_holds_no_tests_and_no_examples(wheel_names):
    assert [name for name in wheel_names if name.startswith(("tests/", "examples/", "benchmarks/"))] == []
