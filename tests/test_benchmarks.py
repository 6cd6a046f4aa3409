"""The benchmarks of the reference run: nothing is timed here, a quick round only shows that they work."""

import importlib
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from grader.exercise import load_course
from grader.sandbox.isolation import probe_bubblewrap
from grader.verify import verify
from reference.models import ResNet

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a script of the folder with arguments and return the cells of its tables."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)  # what a script sets is put back

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        runpy.run_path(str(FOLDER / script), run_name="__main__")
        text = capsys.readouterr().out
        return text, [
            [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
        ]

    yield call
    for name in ("cpu", "submit", "timing"):
        sys.modules.pop(name, None)


@pytest.fixture
def counted(monkeypatch):
    """The module that counts processor time by control groups, where one can be made."""
    monkeypatch.syspath_prepend(str(FOLDER))
    module = importlib.import_module("cpu")
    try:
        with module.group():
            yield module
    except SystemExit as said:
        pytest.skip(str(said))
    finally:
        sys.modules.pop("cpu", None)


def test_layers_are_timed_against_torch(run):
    text, (head, *rows) = run("layers.py", "--quick", "--device", "cpu")

    assert head[-1] == "ratio forward + backward"
    assert {(row[0], row[1]) for row in rows} >= {("AlexNet conv1", "im2col"), ("AlexNet conv1", "direct")}
    assert all(float(cell) > 0 for row in rows for cell in row[2:])
    assert f"torch {torch.__version__}" in text


def test_a_layer_that_computes_something_else_is_not_timed(run, monkeypatch):
    from reference import layers

    monkeypatch.setattr(layers, "avg_pool2d", lambda x, size: layers.max_pool2d(x, size).y)

    with pytest.raises(SystemExit, match="average pooling 7 .*, : expected what torch computes, got other numbers"):
        run("layers.py", "--quick", "--device", "cpu", "--only", "average")


@pytest.mark.skipif(not probe_bubblewrap().works, reason="guests are forked only where bubblewrap works")
def test_guests_are_timed_cold_and_warm_beside_the_floor(run):
    _, (_, *rows) = run("guests.py", "--runs", "1", "--only", "numpy")

    assert [row[:2] for row in rows] == [["numpy", "floor"], ["numpy", "warm"], ["numpy", "cold"]]
    assert [float(cell) for cell in rows[0][4:]] == [1, 1]
    assert all(float(cell) > 0 for row in rows for cell in row[2:])


def test_networks_are_timed_alone_where_torchvision_is_missing(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    text, (_, row) = run("models.py", "--quick", "--device", "cpu", "--only", "resnet18")

    assert text.startswith("torchvision is not installed, so ours are timed alone and no ratio is given")
    assert row[0] == "resnet18"
    assert all(float(cell) > 0 for cell in row[1:4])
    assert row[4:] == ["-", "-", "-"]


def stand_in(net):
    """A torchvision that has one network."""
    return SimpleNamespace(models=SimpleNamespace(resnet18=lambda weights: net()))


def test_networks_are_compared_where_torchvision_is(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", stand_in(lambda: ResNet(18, version="v1.5")))
    _, (_, row) = run("models.py", "--quick", "--device", "cpu", "--only", "resnet18", "--channels-last", "--bf16")

    assert 0.1 < float(row[4]) < 10  # the same network twice
    assert float(row[6]) == 1


def test_networks_of_other_sizes_are_not_compared(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", stand_in(lambda: ResNet(34)))

    with pytest.raises(SystemExit, match="resnet18: expected equal parameters, got .* they are not one network"):
        run("models.py", "--quick", "--device", "cpu", "--only", "resnet18")


@pytest.mark.skipif(not probe_bubblewrap().works, reason="guests are forked only where bubblewrap works")
def test_a_dask_cluster_is_timed_beside_local_processes():
    pytest.importorskip("distributed")
    command = [sys.executable, str(FOLDER / "cluster.py"), "--quick"]
    path = os.pathsep.join([str(FOLDER.parent), os.environ.get("PYTHONPATH", "")])
    said = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stderr
    assert "| **Dask over local** | " in said.stdout


def test_a_start_is_timed_beside_a_bare_process(run, counted):
    text, (_, shown, graded, head, row) = run("startup.py", "--quick")

    assert shown[0] == "`grade --help`"
    assert 0 < float(shown[1].split()[0]) < float(graded[1].split()[0])
    assert head[0] == "one submission, cold"
    assert row[0] == "twelve plain checks, 12 calls"
    assert 0.1 < float(row[3]) < 10
    assert "medians (range) of 1 runs" in text


@pytest.mark.skipif(not probe_bubblewrap().works, reason="guests are forked only where bubblewrap works")
def test_a_batch_is_timed_beside_plain_forks(run, counted):
    text, (head, row, *_) = run("batch.py", "--quick", "--jobs", "1")

    assert head == ["submissions", "wall s", "processor ms each", "floor: processor ms each", "ratio"]
    assert row[0] == "2"
    assert all(float(cell) > 0 for cell in row[1:])
    assert "check50" in text


def test_the_course_of_the_batch_is_proved_and_has_twelve_checks():
    course = load_course(FOLDER / "plain_course")

    assert [proof.problems for proof in verify(course)] == [()] * 3
    assert sum(len(exercise.checks) for exercise in course.exercises) == 12


def test_processes_that_were_killed_are_counted(counted):
    script = "import os, time\nif os.fork() == 0:\n while time.process_time() < 0.3: 1\n os.kill(os.getpid(), 9)\ntime.sleep(1)"
    used, wall, _ = counted.run([sys.executable, "-S", "-c", script], {})

    assert 0.3 <= used < 0.9
    assert wall >= 1
