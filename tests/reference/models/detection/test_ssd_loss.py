"""SSD's training: every object gets a box of its own, three hard negatives for each, variances in the targets."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reference.layers import encode_boxes
from reference.layers.box import SSD
from reference.models.detection.loss import smooth_l1
from reference.models.detection.result import GroundTruth
from reference.models.detection.ssd_loss import hard_negatives, match_priors, multibox_loss
from tests.scenes import one_object

OBJECT = torch.tensor([[0.0, 0.0, 10.0, 10.0]])


def slices(*shares: float) -> Tensor:
    return torch.tensor([[0.0, 0.0, 10.0, 10.0 * share] for share in shares])


def test_boxes_above_one_half_match_and_the_best_always_does():
    assert match_priors(slices(0.9, 0.51, 0.5, 0.4), OBJECT).tolist() == [0, 0, -1, -1]
    assert match_priors(slices(0.2, 0.3, 0.1), OBJECT).tolist() == [-1, 0, -1]


def test_two_objects_never_share_their_best_box():
    priors = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 40.0]])
    truth = torch.tensor([[0.0, 0.0, 10.0, 9.0], [0.0, 0.0, 10.0, 10.0]])
    # both like box 0 best; the second object likes it more and takes it, the first gets what is left
    assert match_priors(priors, truth).tolist() == [1, 0]


def test_no_object_takes_no_box():
    assert match_priors(slices(1.0, 0.5), OBJECT[:0]).tolist() == [-1, -1]


def test_more_objects_than_boxes_leave_some_out():
    truth = OBJECT + torch.arange(3.0)[:, None]
    assert match_priors(OBJECT, truth).tolist() == [0]


def test_three_hard_negatives_for_each_object_image_by_image():
    torch.manual_seed(3)
    losses = torch.rand(3, 20)
    positive = torch.zeros(3, 20, dtype=torch.bool)
    positive[0, [2, 5]] = True
    positive[1, 7] = True
    losses[0, 2] = 99.0  # hard, but no negative
    chosen = hard_negatives(losses, positive)
    assert chosen.sum(1).tolist() == [6, 3, 0]  # an image without objects has none
    assert not (chosen & positive).any()
    for n in (0, 1):
        left = losses[n][~chosen[n] & ~positive[n]]
        assert losses[n][chosen[n]].min() >= left.max()


def test_there_are_no_more_negatives_than_boxes():
    positive = torch.tensor([[True, True, False, False, False]])
    assert hard_negatives(torch.rand(1, 5), positive).tolist() == [[False, False, True, True, True]]


def test_the_loss_by_hand():
    priors = torch.tensor([[0.0, 0.0, 10.0, 10.0], [50.0, 50.0, 60.0, 60.0]] + 5 * [[80.0, 80.0, 90.0, 90.0]]).double()
    truth = one_object(1.0, 0.0, 11.0, 10.0, label=2)
    torch.manual_seed(0)
    scores, offsets = torch.randn(1, 7, 3).double(), torch.randn(1, 7, 4).double()
    loss = multibox_loss(scores, offsets, priors, [truth])
    charges = F.cross_entropy(scores[0], torch.tensor([2] + 6 * [0]), reduction="none")
    want = charges[0] + charges[1:].sort(descending=True).values[:3].sum()  # one object: N = 1
    torch.testing.assert_close(loss.classes, want)
    target = encode_boxes(truth.boxes.double(), priors[:1], variances=SSD)[0]
    assert target[0].item() == pytest.approx(1 / 10 / 0.1)
    torch.testing.assert_close(loss.boxes, smooth_l1(offsets[0, 0] - target).sum())


def test_both_parts_are_divided_by_the_matched_boxes_of_the_batch():
    priors = slices(1.0, 0.9, 0.05, 0.04, 0.03).double()
    scores, offsets = torch.zeros(2, 5, 2).double(), torch.zeros(2, 5, 4).double()
    loss = multibox_loss(scores, offsets, priors, 2 * [one_object(0.0, 0.0, 10.0, 10.0)])
    # in each image two matched and three negatives, all at log(2); four matched in the batch
    assert loss.classes.item() == pytest.approx(10 * math.log(2) / 4)


def test_only_matched_boxes_and_hard_negatives_have_a_gradient():
    priors = torch.cat([slices(1.0), torch.tensor([[50.0, 50.0, 60.0, 60.0]]).expand(9, 4)])
    scores, offsets = torch.randn(1, 10, 3, requires_grad=True), torch.randn(1, 10, 4, requires_grad=True)
    multibox_loss(scores, offsets, priors, [one_object(0.0, 0.0, 10.0, 10.0)]).total.backward()
    assert scores.grad is not None
    assert offsets.grad is not None
    assert int((scores.grad.abs().sum(2) > 0).sum()) == 4  # one and three
    assert (offsets.grad.abs().sum(2) > 0).nonzero().tolist() == [[0, 0]]


def test_a_batch_without_objects_has_no_loss_and_still_a_gradient():
    scores, offsets = torch.randn(1, 5, 3, requires_grad=True), torch.randn(1, 5, 4, requires_grad=True)
    empty = GroundTruth(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    loss = multibox_loss(scores, offsets, slices(1.0, 0.5, 0.4, 0.3, 0.2), [empty])
    loss.total.backward()
    assert loss.total.item() == 0
