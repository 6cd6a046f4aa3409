"""Median frequency: by hand, by loops, and what must not matter."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
import torch
from hypothesis import given
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers import cross_entropy
from reference.models import median_frequency_weights
from tests.strategies import tensors


@given(tensors(3, 2, 3, dtype=torch.int64, least=0, most=4))
def test_weights_equal_loops(labels: Tensor):
    labels = torch.where(labels == 4, 255, labels)
    frequency: dict[int, float] = {}
    for c in range(4):
        pixels, room = 0, 0
        for image in labels.tolist():
            flat = [label for row in image for label in row]
            if c in flat:
                pixels, room = pixels + flat.count(c), room + len(flat) - flat.count(255)
        if pixels:
            frequency[c] = pixels / room
    middle = statistics.median(frequency.values()) if frequency else 0
    want = [middle / frequency[c] if c in frequency else 0 for c in range(4)]
    torch.testing.assert_close(median_frequency_weights(labels, 4), torch.tensor(want, dtype=torch.float32))


def test_only_images_that_show_a_class_count_for_it():
    labels = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 0]]])
    # 11/12 and 1/4; over all images the second would be 1/12, and the weights 6/11 and 6
    assert median_frequency_weights(labels, 2).tolist() == pytest.approx([7 / 11, 7 / 3])


def test_the_median_class_weighs_1_and_rarer_ones_more():
    labels = torch.tensor([[[0, 0, 0, 0, 1, 1, 2]]])
    assert median_frequency_weights(labels, 3).tolist() == [0.5, 1.0, 2.0]


def test_a_class_that_is_nowhere_weighs_nothing_and_ignored_pixels_count_nowhere():
    assert median_frequency_weights(torch.tensor([[[0, 2, 255, 255]]]), 4).tolist() == [1, 0, 1, 0]
    assert median_frequency_weights(torch.full((1, 2, 2), 255), 2).tolist() == [0, 0]


def test_the_loss_takes_them():
    labels = torch.tensor([[[0, 0, 0, 1]]])
    loss = cross_entropy(torch.randn(1, 2, 1, 4), labels, weight=median_frequency_weights(labels, 2))
    assert loss.isfinite()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((torch.zeros(4, 5).long(), 2), ShapeError, r"labels: expected \(N, H, W\), got \(4, 5\)"),
        ((torch.zeros(1, 4, 5), 2), OptionError, "labels: expected torch.int64, got torch.float32"),
        ((torch.full((1, 4, 5), 2), 2), OptionError, "labels: expected 0 to 1, or 255 to ignore, got 2 to 2"),
        ((torch.zeros(1, 4, 5).long(), 0), OptionError, "num_classes: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(arguments: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        median_frequency_weights(*arguments)
