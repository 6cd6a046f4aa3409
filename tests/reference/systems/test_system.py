"""The entries of the catalogue: complete, in order, with sources, and true about what exists."""

from __future__ import annotations

import inspect
from collections import Counter

import pytest
from torch import nn

from reference import models
from reference.errors import OptionError
from reference.models import detection
from reference.systems import System, find_system, load_systems
from reference.systems.system import QUANTITIES, shared_classes

LECTURE = [
    "Neocognitron", "LeNet (1989)", "LeNet-5", "AlexNet", "VGG-16", "ResNet", "DPM as a CNN", "R-CNN", "Fast R-CNN",
    "Faster R-CNN", "SSD", "Mask R-CNN", "Mask^X R-CNN", "FCN", "DeepLab", "CRF-RNN", "DeconvNet", "DecoupledNet",
    "SegNet", "U-Net", "Co-CNN", "Stacked Hourglass", "SDN", "Stacked Attention Network", "A^2-Net",
]  # fmt: skip
SYSTEMS = pytest.mark.parametrize("system", load_systems(), ids=lambda system: system.name)


def exported() -> set[str]:
    """All networks and parts of networks that can be imported from the packages of models."""
    packages = (models, detection)
    names = {(package, name) for package in packages for name in package.__all__}
    found = {name: getattr(package, name) for package, name in names}
    return {name for name, value in found.items() if inspect.isclass(value) and issubclass(value, nn.Module)}


def test_every_system_of_the_lecture_is_there_in_its_order():
    assert [system.name for system in load_systems()] == LECTURE


def test_every_exported_model_belongs_to_one_system_or_to_several():
    listed = Counter([name for system in load_systems() for name in system.classes] + list(shared_classes()))
    assert set(listed) == exported()
    assert [name for name, times in listed.items() if times > 1] == []


@SYSTEMS
def test_an_entry_says_what_a_reader_asks(system: System):
    assert 1979 < system.year < 2019
    assert str(system.year) in system.paper or "19" in system.paper or "20" in system.paper
    assert system.distinctive
    assert system.results
    assert system.nets
    assert {net.model for net in system.nets} <= set(system.classes)
    for sentence in (*system.distinctive, *system.deviations):
        assert sentence.endswith(".")
    for result in system.results:
        assert result.source
        assert not result.source.endswith(".")


@SYSTEMS
def test_what_is_compared_is_published_with_a_source(system: System):
    for net in system.nets:
        for comparison in net.comparisons:
            assert comparison.quantity in QUANTITIES
            assert comparison.published.source


def test_names_are_found_without_their_signs():
    assert find_system("vgg16").name == "VGG-16"
    assert find_system("a2 net").name == "A^2-Net"
    with pytest.raises(
        OptionError, match="name: expected a system of the lecture, got 'rcn'; there are R-CNN, Fast R-CNN"
    ):
        find_system("rcn")
    with pytest.raises(OptionError, match="there are R-CNN, Fast R-CNN, Faster R-CNN, Mask R-CNN, Mask\\^X R-CNN$"):
        find_system("r-cn")
    with pytest.raises(OptionError, match="there are Neocognitron, LeNet"):
        find_system("Inception")


def test_sections_can_be_linked():
    assert find_system("LeNet (1989)").anchor == "lenet-1989"
    assert find_system("A^2-Net").anchor == "a2-net"
    assert find_system("DPM as a CNN").anchor == "dpm-as-a-cnn"
