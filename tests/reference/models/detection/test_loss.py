"""Losses of regions: pieces that meet, gradients that stay with their class."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import ShapeError
from reference.models.detection.loss import region_loss, smooth_l1
from tests.strategies import tensors


@given(tensors(3, 4), st.sampled_from([1.0, 1 / 9, 3.0]))
def test_smooth_l1_is_torchs(x: Any, beta: float):
    got = smooth_l1(x.double(), beta=beta)
    torch.testing.assert_close(got, F.smooth_l1_loss(x.double(), 0 * x.double(), beta=beta, reduction="none"))


def test_smooth_l1_by_hand():
    assert smooth_l1(torch.tensor([0.0, 0.5, -0.5, 1.0, -2.0, 100.0])).tolist() == [0, 0.125, 0.125, 0.5, 1.5, 99.5]


def test_its_slope_never_exceeds_one():
    x = torch.linspace(-5, 5, 101, dtype=torch.float64, requires_grad=True)
    smooth_l1(x).sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, x.detach().clamp(-1, 1))


def test_a_region_by_hand():
    scores = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    offsets = torch.tensor([[[9.0] * 4, [0.5, 0.0, 0.0, 3.0]], [[9.0] * 4, [9.0] * 4]])
    loss = region_loss(scores, offsets, torch.tensor([1, 0]), torch.zeros(2, 4))
    assert loss.classes.item() == pytest.approx(0.6931, abs=1e-4)
    assert loss.boxes.item() == pytest.approx((0.125 + 2.5) / 2)  # divided by both regions, not by the one object
    assert loss.total.item() == pytest.approx(loss.classes.item() + loss.boxes.item())
    double = region_loss(scores, offsets, torch.tensor([1, 0]), torch.zeros(2, 4), balance=2.0)
    assert double.boxes.item() == pytest.approx(2 * loss.boxes.item())


def test_only_the_offsets_of_the_true_class_learn():
    offsets = torch.randn(3, 5, 4, requires_grad=True)
    labels = torch.tensor([2, 0, 4])
    region_loss(torch.randn(3, 5), offsets, labels, torch.randn(3, 4)).boxes.backward()
    assert offsets.grad is not None
    touched = offsets.grad.abs().sum(2).nonzero().tolist()
    assert touched == [[0, 2], [2, 4]]  # the background, region 1, has no box at all


def test_background_alone_has_no_box_loss():
    loss = region_loss(torch.randn(2, 3), torch.randn(2, 3, 4), torch.zeros(2).long(), torch.randn(2, 4))
    assert loss.boxes.item() == 0


@pytest.mark.parametrize("shape", [(2, 12), (2, 1, 4), (3, 3, 4)])
def test_offsets_that_are_not_class_specific_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"scores: expected \(R, L\) with R >= 1, offsets \(R, L, 4\)"):
        region_loss(torch.zeros(2, 3), torch.zeros(shape), torch.zeros(2).long(), torch.zeros(2, 4))
