"""Non-maximum suppression: greedy, in the order of the scores, per class where asked."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import box_iou, nms, nms_per_class
from tests import oracles_detection
from tests.strategies import tensors


@st.composite
def detections(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Boxes that overlap, scores with ties, labels."""
    K = draw(st.integers(0, 7))
    first = draw(tensors(K, 2, least=0, most=4))
    boxes = torch.cat([first, first + draw(tensors(K, 2, least=0, most=5))], dim=1)
    labels = draw(tensors(K, least=1, most=2, dtype=torch.int64))
    return boxes, draw(tensors(K, least=0, most=3)), labels


thresholds = st.sampled_from([Fraction(n, 10) for n in (0, 3, 5, 7, 10)])


@pytest.mark.parametrize("inclusive", [True, False])
@given(detections(), thresholds)
def test_choices_equal_loops_over_fractions(inclusive: bool, case: Any, threshold: Fraction):
    boxes, scores, labels = case
    arguments = (boxes.tolist(), scores.tolist(), Fraction(float(threshold)), inclusive)
    got = nms(boxes, scores, float(threshold), inclusive=inclusive)
    assert got.dtype == torch.int64
    assert got.tolist() == oracles_detection.nms(*arguments, None)
    got = nms_per_class(boxes, scores, labels, float(threshold), inclusive=inclusive)
    assert got.tolist() == oracles_detection.nms(*arguments, labels.tolist())


@given(detections(), thresholds)
def test_what_stays_does_not_overlap_and_what_goes_overlaps_something_better(case: Any, threshold: Fraction):
    boxes, scores, _ = case
    kept = nms(boxes, scores, float(threshold))
    overlap = box_iou(boxes, boxes)
    among = overlap[kept][:, kept]
    assert bool((among.fill_diagonal_(0) <= float(threshold)).all())
    for k in set(range(len(boxes))) - set(kept.tolist()):
        rivals = [other for other in kept.tolist() if overlap[k, other] > float(threshold)]
        assert max(scores[rivals]) >= scores[k]
    assert torch.equal(scores[kept], scores[kept].sort(descending=True).values)


@given(detections(), thresholds)
def test_one_class_is_like_none_and_separate_classes_leave_each_other_alone(case: Any, threshold: Fraction):
    boxes, scores, labels = case
    one = nms_per_class(boxes, scores, torch.ones_like(labels), float(threshold))
    assert torch.equal(one, nms(boxes, scores, float(threshold)))
    apart = nms_per_class(boxes, scores, torch.arange(len(boxes)), float(threshold))
    assert torch.equal(apart, scores.argsort(descending=True, stable=True))


@given(detections(), thresholds, st.integers(0, 4))
def test_a_limit_takes_the_first_ones(case: Any, threshold: Fraction, limit: int):
    boxes, scores, _ = case
    everything = nms(boxes, scores, float(threshold))
    assert torch.equal(nms(boxes, scores, float(threshold), limit=limit), everything[:limit])


def test_a_box_that_was_dropped_drops_no_other():
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0], [10.0, 0.0, 20.0, 10.0]])
    assert nms(boxes, torch.tensor([3.0, 2.0, 1.0]), 0.3).tolist() == [0, 2]  # a chain: 1 overlaps both


def test_an_overlap_of_exactly_the_threshold_stays():
    boxes = torch.tensor([[0.0, 0.0, 4.0, 1.0], [2.0, 0.0, 4.0, 1.0]])
    assert nms(boxes, torch.tensor([1.0, 0.5]), 0.5).tolist() == [0, 1]
    assert nms(boxes, torch.tensor([1.0, 0.5]), 0.499).tolist() == [0]


def test_the_gradient_flows_through_the_boxes_that_were_chosen():
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0]], requires_grad=True)
    boxes[nms(boxes, torch.tensor([0.1, 0.2], requires_grad=True), 0.5)].sum().backward()
    assert boxes.grad is not None
    assert boxes.grad.tolist() == [[0] * 4, [1] * 4]


@pytest.mark.gpu
def test_the_choice_comes_back_to_the_device():
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 3.0], [9.0, 9.0, 12.0, 12.0]]).cuda()
    scores, labels = torch.tensor([0.8, 0.9, 0.1]).cuda(), torch.ones(3, dtype=torch.int64).cuda()
    kept = nms_per_class(boxes, scores, labels, 0.5)
    assert (kept.device, kept.tolist()) == (boxes.device, [1, 2])


B, S, L = torch.zeros(2, 4), torch.zeros(2), torch.zeros(2, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nms(B[0], S, 0.5), ShapeError, r"boxes: expected \(K, 4\), got \(4,\)"),
        (lambda: nms(B, S[:1], 0.5), ShapeError, r"scores: expected \(2,\), one score a box, got \(1,\)"),
        (lambda: nms(B, S, 30), OptionError, "threshold: expected a number from 0 to 1, got 30"),
        (lambda: nms(B, S, 0.5, limit=-1), OptionError, "limit: expected an integer of at least 0, got -1"),
        (lambda: nms(B.long(), S, 0.5), OptionError, "boxes: expected a float dtype"),
        (lambda: nms(B, S / 0, 0.5), OptionError, "scores: expected numbers, got NaN; look for what diverged before"),
        (
            lambda: nms_per_class(B, S, L[:1], 0.5),
            ShapeError,
            r"labels: expected integers .*\(2,\), got torch.int64 \(1",
        ),
        (lambda: nms_per_class(B, S, S, 0.5), ShapeError, r"labels: expected integers .* got torch.float32 \(2,\)"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
