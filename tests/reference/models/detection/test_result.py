"""Detections: what is kept of all scores, and truth that is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.models.detection.result import GroundTruth, check_truth, number_boxes, select_detections

NEAR = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 9.0], [20.0, 20.0, 30.0, 30.0]])


def select(scores: Any, boxes: torch.Tensor = NEAR[:, None], **options: Any) -> Any:
    options = {"score_threshold": 0.05, "nms_threshold": 0.5} | options
    return select_detections(torch.tensor(scores), boxes, **options)


def test_background_is_class_0_and_never_detected():
    found = select([[0.9, 0.1, 0.0], [1.0, 0.0, 0.0], [0.2, 0.0, 0.8]])
    assert found.labels.tolist() == [2, 1]
    assert found.boxes.tolist() == [NEAR[2].tolist(), NEAR[0].tolist()]
    assert found.scores.tolist() == pytest.approx([0.8, 0.1])
    assert found.masks is None


def test_classes_suppress_only_their_own():
    one_class = select([[0.0, 0.9, 0.0], [0.0, 0.8, 0.0], [1.0, 0.0, 0.0]])
    two_classes = select([[0.0, 0.9, 0.0], [0.0, 0.0, 0.8], [1.0, 0.0, 0.0]])
    assert (one_class.labels.tolist(), two_classes.labels.tolist()) == ([1], [1, 2])


def test_every_class_has_its_own_box():
    boxes = torch.arange(24.0).reshape(1, 6, 4).expand(3, 6, 4)
    found = select([[0.0, 0.0, 0.0, 0.5, 0.0, 0.3]] + 2 * [[1.0] + 5 * [0.0]], boxes)
    assert found.boxes.tolist() == [[12, 13, 14, 15], [20, 21, 22, 23]]


def test_limits_count_the_best():
    far = torch.arange(5.0)[:, None, None] * 100 + NEAR[0]
    scores = [[0.0, value] for value in (0.1, 0.5, 0.3, 0.4, 0.2)]
    assert select(scores, far, limit=2).scores.tolist() == pytest.approx([0.5, 0.4])
    assert len(select(scores, far, limit=None).scores) == 5
    assert len(select(scores, far, score_threshold=0.2).scores) == 3  # more than, not at least


def test_before_nms_counts_each_class_and_before_it_suppresses():
    scores = [[0.0, 0.9, 0.1], [0.0, 0.8, 0.2], [0.0, 0.7, 0.3]]
    found = select(scores, before_nms=2)  # class 1 loses box 2 to the cut and box 1 to box 0
    assert [(label, box[0]) for label, box in zip(found.labels.tolist(), found.boxes.tolist(), strict=True)] == [
        (1, 0),
        (2, 20),
        (2, 0),
    ]


def test_nothing_found_is_no_error():
    found = select([[1.0, 0.0, 0.0]] * 3)
    assert (found.boxes.shape, found.labels.shape, found.scores.shape) == ((0, 4), (0,), (0,))


def test_numbered_boxes_name_their_image():
    rois = number_boxes([torch.ones(2, 4), torch.zeros(0, 4), 5 * torch.ones(1, 4)])
    assert rois.tolist() == [[0, 1, 1, 1, 1], [0, 1, 1, 1, 1], [2, 5, 5, 5, 5]]


@pytest.mark.parametrize(
    ("truth", "error", "message"),
    [
        ([], ShapeError, "truth: expected one record for each of 1 images, got 0"),
        (
            [GroundTruth(torch.zeros(2, 4), torch.ones(1).long())],
            ShapeError,
            r"truth: expected boxes \(K, 4\) and labels \(K,\), got \(2, 4\) and \(1,\)",
        ),
        (
            [GroundTruth(torch.zeros(1, 4), torch.zeros(1).long())],
            OptionError,
            "truth: expected labels from 1 to 3, got 0 to 0; class 0 is the background: count objects from 1",
        ),
        ([GroundTruth(torch.zeros(1, 4), torch.tensor([4]))], OptionError, "labels from 1 to 3, got 4 to 4"),
    ],
)
def test_truth_that_does_not_fit_is_named(truth: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        check_truth(truth, 1, 4)


def test_boxes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"boxes: expected \(3, 2, 4\) or \(3, 1, 4\) to match scores, got \(3, 4\)"):
        select([[0.0, 1.0]] * 3, NEAR)
