"""Sizes at which detectors look: the short side, the cap, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.layers import resize_bilinear2d
from reference.models.detection.result import Detections
from reference.models.detection.scale import scale_images
from tests.scenes import one_object


@pytest.mark.parametrize(
    ("sides", "want"),
    [
        ((375, 500), (600, 800)),
        ((500, 375), (800, 600)),
        ((600, 1000), (600, 1000)),
        ((200, 500), (400, 1000)),  # 600 would make 1500
        ((1200, 1200), (600, 600)),
    ],
)
def test_the_short_side_is_600_unless_the_long_one_exceeds_1000(sides: tuple[int, int], want: tuple[int, int]):
    scaled = scale_images(torch.zeros(1, 1, *sides, device="meta"))
    assert scaled.x.shape[2:] == want
    assert scaled.scale == pytest.approx(want[0] / sides[0])


def test_images_are_resized_as_the_reference_layer_does():
    x = torch.rand(2, 3, 10, 14, dtype=torch.float64)
    scaled = scale_images(x, short_side=15, longest=30)
    torch.testing.assert_close(scaled.x, resize_bilinear2d(x, (15, 21)))


def test_boxes_go_there_and_back():
    scaled = scale_images(torch.zeros(1, 1, 30, 40), short_side=60, longest=100)
    truth = one_object(1.0, 2.0, 11.0, 12.0, label=3)
    enlarged = scaled.enlarge_truth(truth)
    assert enlarged.boxes.tolist() == [[2, 4, 22, 24]]
    assert enlarged.labels.tolist() == [3]
    found = scaled.restore(Detections(enlarged.boxes, enlarged.labels, torch.ones(1)))
    assert torch.equal(found.boxes, truth.boxes)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: scale_images(torch.zeros(3, 4, 4)), ShapeError, r"x: expected \(N, C, H, W\), no side empty, got"),
        (lambda: scale_images(torch.zeros(1, 3, 4, 4), short_side=0), OptionError, "short_side: expected an integer"),
        (lambda: scale_images(torch.zeros(1, 3, 4, 4), longest=500), OptionError, "longest: expected at least short"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
