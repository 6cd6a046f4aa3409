"""The benchmarks of the reference run: nothing is timed here, a quick round only shows that they work."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from grader.sandbox.isolation import probe_bubblewrap
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
    sys.modules.pop("timing", None)


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
