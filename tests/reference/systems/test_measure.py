"""Our numbers are the published ones, or the catalogue says why not; the page is as fresh as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import reference
from reference.errors import OptionError
from reference.systems import Entry, Net, Part, Place, catalogue, find_system, measure
from reference.systems.markdown import render

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def entries() -> tuple[Entry, ...]:
    return catalogue()


def test_the_page_is_fresh(entries: tuple[Entry, ...]):
    written = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert written == render(entries), "docs/catalogue.md is stale: run `make docs`"


def test_ours_is_the_published_number_or_the_catalogue_says_why(entries: tuple[Entry, ...]):
    compared = [one for entry in entries for measured in entry.measured for one in measured.compared]
    assert len(compared) > 60
    assert [one for one in compared if one.agrees == bool(one.comparison.why)] == []


def test_known_deviations_are_seen(entries: tuple[Entry, ...]):
    other = {
        one.fact.value: one.measured
        for entry in entries
        for m in entry.measured
        for one in m.compared
        if not one.agrees
    }
    assert other[224] == 419  # DeepLab's window of fc6, and the field on the image
    assert other[44401393] == 44401393 - 257  # torchvision's mask of the background


def test_a_wrong_variant_is_another_number():
    (two_gpus, ungrouped, _) = find_system("AlexNet").nets
    swapped = Net(two_gpus.name, "AlexNet", ungrouped.options, two_gpus.parts, two_gpus.view, two_gpus.comparisons)
    assert not all(one.agrees for one in measure(swapped).compared)


def net_of(**options: Any) -> Net:
    plain: dict[str, Any] = {
        "name": "small", "model": "LeNet5Modern", "options": {}, "parts": (Part("", ([1, 1, 32, 32],)),), "view": None,
        "comparisons": (),
    }  # fmt: skip
    return Net(**(plain | options))


def test_parts_are_added_up():
    whole = measure(find_system("LeNet-5").nets[1])
    again = measure(net_of(parts=(Part("", ([1, 1, 32, 32],)), Part("F6", ([1, 120],)))))
    assert (again.macs - whole.macs, again.activations - whole.activations) == (120 * 84, 84)
    assert again.parameters == whole.parameters
    assert again.output_shape == (1, 84)


def test_a_place_that_is_not_there_is_named():
    with pytest.raises(OptionError, match="place: expected a row of the survey, got Place.*there are C1, C3, C5, F6"):
        measure(net_of(view=Place("pool5", name="pool5")))


def test_importing_reference_is_cheap():
    code = "import reference, sys; sys.exit(bool({'torch', 'numpy', 'sympy', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
    assert callable(reference.catalogue)


def test_nothing_is_allocated():
    net = find_system("Mask^X R-CNN").nets[0]
    from reference.systems.measure import build

    assert all(tensor.is_meta for tensor in build(net).parameters())
    assert torch.get_default_device().type == "cpu"
