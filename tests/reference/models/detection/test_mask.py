"""Masks: a sigmoid for each class, a loss on the true one only, targets cut along the box, pasted with resizing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import conv_transpose2d, correlate2d, relu
from reference.models import parameter_count
from reference.models.detection.mask import MaskHead, class_masks, mask_loss, mask_targets, paste_masks


def test_the_count_work_and_size_of_the_head_with_80_classes():
    with torch.device("meta"):
        net = MaskHead()
        found = survey(net, (1, 256, 14, 14))
    assert parameter_count(net) == published("mask_rcnn.mask_head_parameters").value == 2_643_280
    assert found.macs == 529_858_560
    assert found.output_shape == (1, 80, 28, 28)


def test_the_head_is_built_of_the_reference_layers():
    net = MaskHead(3, 2, 4).double()
    y = x = torch.randn(2, 2, 14, 14, dtype=torch.float64)
    for conv in net.convs:
        y = relu(correlate2d(y, conv.weight, conv.bias, padding=1))
    y = relu(conv_transpose2d(y, net.deconv.weight, net.deconv.bias, stride=2))
    torch.testing.assert_close(net(x), correlate2d(y, net.predictor.weight, net.predictor.bias))
    assert len(net.convs) == 4


def test_the_loss_by_hand():
    logits = torch.zeros(1, 2, 1, 2)
    logits[0, 1, 0] = torch.tensor([2.0, -1.0])
    loss = mask_loss(logits, torch.tensor([2]), torch.tensor([[[1.0, 1.0]]]))
    assert loss.item() == pytest.approx((math.log(1 + math.exp(-2)) + math.log(1 + math.e)) / 2)


def test_only_the_mask_of_the_true_class_learns_and_classes_do_not_compete():
    logits = torch.randn(3, 5, 4, 4, requires_grad=True)
    labels, targets = torch.tensor([1, 5, 2]), torch.rand(3, 4, 4).round()
    loss = mask_loss(logits, labels, targets)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad.abs().sum((2, 3)).nonzero().tolist() == [[0, 0], [1, 4], [2, 1]]  # class c has mask c - 1
    with torch.no_grad():
        others = logits.detach().clone()
        others[0, 1:] += 50  # under a soft-max over classes this would change everything
        assert mask_loss(others, labels, targets).item() == pytest.approx(loss.item())


def test_the_mean_runs_over_regions_and_cells():
    logits = torch.randn(4, 3, 28, 28)
    labels, targets = torch.tensor([1, 2, 3, 1]), torch.rand(4, 28, 28).round()
    each = [mask_loss(logits[r : r + 1], labels[r : r + 1], targets[r : r + 1]).item() for r in range(4)]
    assert mask_loss(logits, labels, targets).item() == pytest.approx(sum(each) / 4, rel=1e-5)


def test_no_region_has_no_loss_and_still_a_gradient():
    logits = torch.zeros(0, 3, 28, 28, requires_grad=True)
    loss = mask_loss(logits, torch.zeros(0, dtype=torch.int64), torch.zeros(0, 28, 28))
    loss.backward()
    assert loss.item() == 0


def test_targets_are_cut_along_the_box_of_the_region_not_of_the_object():
    mask = torch.zeros(2, 40, 40, dtype=torch.bool)
    mask[1, 10:24, 6:20] = True
    boxes = torch.tensor([[6.0, 10.0, 20.0, 24.0], [6.0, 10.0, 34.0, 38.0], [0.0, 0.0, 5.0, 5.0]])
    targets = mask_targets(mask, torch.tensor([1, 1, 1]), boxes)
    assert targets.shape == (3, 28, 28)
    assert targets[0].all()
    assert targets[1, :14, :14].all()
    assert int(targets[1].sum()) == 14 * 14
    assert not targets[2].any()
    assert not mask_targets(mask, torch.tensor([0]), boxes[:1]).any()  # the other object


def slowly(mask: Any, box: Any, sides: tuple[int, int], threshold: float) -> Any:
    """One pixel at a time: where its centre lies in the box, then bilinear between the centres of four cells."""
    m, (x1, y1, x2, y2) = len(mask), box
    y = np.zeros(sides, dtype=bool)
    for i in range(sides[0]):
        for j in range(sides[1]):
            if not (x1 <= j + 0.5 <= x2 and y1 <= i + 0.5 <= y2):
                continue
            row = min(max((i + 0.5 - y1) / (y2 - y1) * m - 0.5, 0), m - 1)
            column = min(max((j + 0.5 - x1) / (x2 - x1) * m - 0.5, 0), m - 1)
            top, left = min(int(row), m - 2), min(int(column), m - 2)
            v, u = row - top, column - left
            value = (1 - v) * ((1 - u) * mask[top][left] + u * mask[top][left + 1])
            value += v * ((1 - u) * mask[top + 1][left] + u * mask[top + 1][left + 1])
            y[i, j] = value >= threshold
    return y


@given(st.integers(0, 10**6), st.tuples(st.integers(4, 12), st.integers(4, 12)))
def test_pasting_is_bilinear_resizing_to_the_box(seed: int, sides: tuple[int, int]):
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(2, 5, 5, generator=generator, dtype=torch.float64)
    corners = torch.rand(2, 2, 2, generator=generator, dtype=torch.float64) * 12 - 1
    boxes = torch.cat([corners.amin(1), corners.amax(1) + 0.5], 1)
    got = paste_masks(masks, boxes, sides, threshold=0.4321)
    for k in range(2):
        assert got[k].tolist() == slowly(masks[k].tolist(), boxes[k].tolist(), sides, 0.4321).tolist()


def test_a_mask_is_resized_to_its_box_wherever_that_is():
    mask = torch.zeros(1, 28, 28)
    mask[:, :14] = 1.0  # the upper half
    pasted = paste_masks(mask, torch.tensor([[10.0, 20.0, 50.0, 30.0]]), (40, 60))[0]
    assert pasted.shape == (40, 60)
    assert pasted.nonzero().amin(0).tolist() == [20, 10]
    assert pasted.nonzero().amax(0).tolist() == [24, 49]  # pasted as 28 x 28 it would reach to 33 and 37
    assert int(pasted.sum()) == 5 * 40


def test_what_lies_outside_the_box_or_the_image_is_empty():
    boxes = torch.tensor([[-10.0, -10.0, 4.0, 3.0], [90.0, 90.0, 99.0, 99.0]])
    pasted = paste_masks(torch.ones(2, 28, 28), boxes, (20, 20), threshold=0.0)
    assert [int(one.sum()) for one in pasted] == [12, 0]


def test_cutting_and_pasting_gives_the_mask_back():
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[0, 8:36, 10:38] = True
    mask[0, 20:, 30:] = False
    box = torch.tensor([[10.0, 8.0, 38.0, 36.0]])  # 28 x 28: nothing is lost
    assert torch.equal(paste_masks(mask_targets(mask, torch.tensor([0]), box), box, (64, 64)), mask)


def test_a_region_shows_the_mask_of_its_own_class():
    logits = torch.arange(12.0).reshape(2, 3, 1, 2)
    assert torch.equal(class_masks(logits, torch.tensor([3, 1])), torch.tensor([[[4.0, 5.0]], [[6.0, 7.0]]]).sigmoid())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mask_loss(torch.zeros(2, 3, 28, 28), torch.ones(2).long(), torch.zeros(2, 14, 14)),
            ShapeError,
            r"targets: expected \(2, 28, 28\) and labels \(2,\) to match the logits, got \(2, 14, 14\) and \(2,\)",
        ),
        (lambda: MaskHead(0), OptionError, "num_masks: expected an integer of at least 1, got 0"),
        (lambda: MaskHead(1, 0), OptionError, "in_channels: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
