"""Matching and sampling: who learns an object, who the background, who nothing, and how many of each."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from reference.layers import box_iou, encode_boxes
from reference.layers.box import SSD
from reference.models.detection.matching import draw_sample, match_boxes, sample_regions
from reference.models.detection.result import GroundTruth
from tests.scenes import one_object

OBJECT = torch.tensor([[0.0, 0.0, 10.0, 10.0]])


def slices(*shares: float) -> Tensor:
    """Boxes in the object with these IoUs."""
    return torch.tensor([[0.0, 0.0, 10.0, 10.0 * share] for share in shares])


def test_regions_are_objects_from_one_half_on_and_background_from_a_tenth():
    boxes = slices(1.0, 0.5, 0.49, 0.1, 0.09)
    roles, objects = match_boxes(boxes, OBJECT, foreground=0.5, background=(0.1, 0.5))
    assert roles.tolist() == [1, 1, 0, 0, -1]
    assert objects.tolist() == 5 * [0]


def test_anchors_between_the_thresholds_learn_nothing():
    boxes = slices(0.9, 0.7, 0.69, 0.3, 0.29, 0.0001)
    roles = match_boxes(boxes, OBJECT, foreground=0.7, background=(0.0, 0.3)).roles
    assert roles.tolist() == [1, 1, -1, -1, 0, 0]


def test_an_object_that_nothing_reaches_keeps_its_best_anchors_ties_included():
    boxes = torch.cat([slices(0.2), OBJECT + torch.tensor([0, 8, 0, 0]), slices(0.1)])
    options = {"foreground": 0.7, "background": (0.0, 0.3)}
    assert match_boxes(boxes, OBJECT, **options).roles.tolist() == [0, 0, 0]
    assert match_boxes(boxes, OBJECT, keep_best=True, **options).roles.tolist() == [1, 1, 0]


def test_an_object_that_no_anchor_touches_makes_no_anchor_an_object():
    far = torch.tensor([[50.0, 50.0, 60.0, 60.0]])
    roles = match_boxes(slices(1.0, 0.5), far, foreground=0.7, background=(0.0, 0.3), keep_best=True).roles
    assert roles.tolist() == [0, 0]  # each has the best IoU with it, which is 0


def test_every_box_learns_the_object_it_overlaps_most():
    truth = torch.tensor([[0.0, 0.0, 10.0, 10.0], [8.0, 0.0, 18.0, 10.0]])
    boxes = torch.tensor([[1.0, 0.0, 11.0, 10.0], [7.0, 0.0, 17.0, 10.0]])
    assert match_boxes(boxes, truth, foreground=0.5, background=(0.1, 0.5)).objects.tolist() == [0, 1]


def test_an_image_without_objects_is_all_background():
    roles = match_boxes(slices(1.0, 0.5), OBJECT[:0], foreground=0.7, background=(0.0, 0.3), keep_best=True).roles
    assert roles.tolist() == [0, 0]
    assert match_boxes(slices(1.0), OBJECT[:0], foreground=0.5, background=(0.1, 0.5)).roles.tolist() == [-1]


@pytest.mark.parametrize(
    ("objects", "background", "want"),
    [(100, 200, (32, 96)), (5, 200, (5, 123)), (100, 10, (32, 10)), (0, 300, (0, 128)), (0, 0, (0, 0))],
)
def test_background_fills_the_places_of_objects_but_not_the_other_way_round(
    objects: int, background: int, want: tuple[int, int]
):
    roles = torch.tensor(objects * [1] + background * [0] + 50 * [-1])[torch.randperm(objects + background + 50)]
    positive, negative = draw_sample(roles, 128, 0.25)
    assert (len(positive), len(negative)) == want
    assert (roles[positive] == 1).all()
    assert (roles[negative] == 0).all()
    assert len(set(positive.tolist() + negative.tolist())) == sum(want)  # none twice


def test_a_generator_fixes_the_draw():
    roles = torch.tensor(30 * [1] + 30 * [0])
    draws = [torch.cat(draw_sample(roles, 16, 0.5, torch.Generator().manual_seed(seed))).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_a_sample_has_classes_and_coded_offsets_and_zeros_for_background():
    truth = one_object(0.0, 0.0, 10.0, 10.0, label=3)
    sample = sample_regions(slices(0.8, 0.3), truth, variances=SSD)
    assert sample.labels.tolist() == [3, 3, 0]  # the true box itself joins
    assert sorted(box[3] for box in sample.boxes[:2].tolist()) == pytest.approx([8, 10])
    want = encode_boxes(truth.boxes.expand(2, 4), sample.boxes[:2], variances=SSD)
    torch.testing.assert_close(sample.targets[:2], want)
    assert not sample.targets[2].any()
    stretched = sample.targets[int(sample.boxes[0, 3] > 9)]  # that of the slice
    # without the logarithm it would be 1/0.8 or 1/0.8 - 1, without the deviations log(1/0.8)
    assert stretched[3].item() == pytest.approx(math.log(1 / 0.8) / 0.2)


def test_an_object_that_no_proposal_hits_is_learned_from_its_own_box():
    sample = sample_regions(torch.tensor([[50.0, 50.0, 60.0, 60.0]]), one_object(0, 0, 10, 10, label=2))
    assert sample.labels.tolist() == [2]
    assert sample.boxes.tolist() == [[0, 0, 10, 10]]
    assert not sample.targets.any()


def test_objects_are_a_quarter_at_most():
    many = OBJECT.expand(200, 4) + torch.rand(200, 4)
    far = torch.tensor([[0.0, 0.0, 10.0, 4.0]]).expand(200, 4)
    sample = sample_regions(torch.cat([many, far]), one_object(0, 0, 10, 10), count=64)
    assert [int((sample.labels == label).sum()) for label in (1, 0)] == [16, 48]


def test_counted_pixels_change_who_is_an_object():
    boxes, truth = torch.tensor([[0.0, 0.0, 1.0, 0.0]]), torch.tensor([[0.0, 0.0, 0.0, 0.0]])
    roles = [
        match_boxes(boxes, truth, foreground=0.5, background=(0.1, 0.5), inclusive=flag).roles.item()
        for flag in (False, True)
    ]
    assert roles == [-1, 1]  # a line has no area; two pixels and one of them have an IoU of 1/2
    assert box_iou(boxes, truth, inclusive=True).item() == 0.5


def test_an_image_without_objects_has_a_sample_of_background():
    empty = GroundTruth(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    sample = sample_regions(slices(1.0, 0.5), empty, background=(0.0, 0.5))
    assert sample.labels.tolist() == [0, 0]
