"""Instance-wise labelling: windows of an image, the largest score of each pixel."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers import resize_bilinear2d, softmax
from reference.models import DeconvNet, ensemble_probabilities, merge_scores, segment_proposals

BOXES = torch.tensor([[0, 0, 4, 3], [2, 1, 7, 5], [-2, -1, 3, 2], [5, 3, 9, 8]])
SIDES = (6, 8)


def looped(scores: list[Tensor], boxes: Tensor) -> Tensor:
    """Every pixel asks every proposal."""
    L, (H, W) = len(scores[0]), SIDES
    merged = torch.empty(L, H, W, dtype=torch.float64)
    for c in range(L):
        for i in range(H):
            for j in range(W):
                said = []
                for y, (x1, y1, x2, y2) in zip(scores, boxes.tolist(), strict=True):
                    covers = x1 <= j < x2 and y1 <= i < y2
                    said.append(y[c, i - y1, j - x1].item() if covers else 0.0)
                merged[c, i, j] = max(said)
    return merged


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_largest_score_of_each_pixel_counts_with_zeros_around_each_proposal(count: int):
    boxes = BOXES[:count]
    scores = [torch.randn(3, y2 - y1, x2 - x1).double() for x1, y1, x2, y2 in boxes.tolist()]
    assert torch.equal(merge_scores(scores, boxes, SIDES), looped(scores, boxes))


def test_the_order_of_proposals_does_not_matter_and_a_good_one_is_not_averaged_away():
    scores = [torch.full((1, 3, 4), 9.0), torch.full((1, 4, 5), 1.0)]
    got = merge_scores(scores, BOXES[:2], SIDES)
    assert torch.equal(got, merge_scores(scores[::-1], BOXES[:2].flip(0), SIDES))
    assert got[0, 1, 2] == 9  # the mean would be 5, the sum 10, the last one 1


def test_windows_are_resized_labelled_and_resized_back():
    image = torch.randn(2, 6, 8, dtype=torch.float64)
    calls: list[tuple[int, ...]] = []

    def net(x: Tensor) -> Tensor:
        calls.append(tuple(x.shape))
        return torch.cat([x, x.square()], dim=1)

    boxes = BOXES[:2]
    got = segment_proposals(net, image, boxes, side=5, batch=1)
    assert calls == 2 * [(1, 2, 5, 5)]
    scores = []
    for x1, y1, x2, y2 in boxes.tolist():
        window = resize_bilinear2d(image[None, :, y1:y2, x1:x2], (5, 5))
        scores.append(resize_bilinear2d(torch.cat([window, window.square()], dim=1), (y2 - y1, x2 - x1))[0])
    torch.testing.assert_close(got, looped(scores, boxes))
    torch.testing.assert_close(segment_proposals(net, image, boxes, side=5, batch=8), got)


def test_a_window_beyond_the_image_sees_zeros_there():
    seen: list[Tensor] = []

    def net(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    image = torch.arange(1.0, 7.0).reshape(1, 2, 3)
    got = segment_proposals(net, image, torch.tensor([[1, -1, 5, 3], [9, 9, 13, 13]]), side=4)
    assert seen[0][0, 0].tolist() == [[0, 0, 0, 0], [2, 3, 0, 0], [5, 6, 0, 0], [0, 0, 0, 0]]
    assert not seen[0][1].any()
    assert got.tolist() == [[[0, 2, 3], [0, 5, 6]]]


def test_deconvnet_labels_an_image_of_any_size_through_its_windows():
    net = DeconvNet(num_classes=3, width=1, fc_width=4, fc_kernel_size=2).eval()
    image = torch.randn(3, 50, 90)
    with torch.no_grad():
        whole = segment_proposals(net, image, torch.tensor([[0, 0, 90, 50]]), side=64)
        want = net(resize_bilinear2d(image[None], (64, 64)))
        more = segment_proposals(net, image, torch.tensor([[0, 0, 90, 50], [20, 10, 60, 45]]), side=64)
    torch.testing.assert_close(whole, resize_bilinear2d(want, (50, 90))[0], rtol=1e-4, atol=1e-5)
    assert more.shape == (3, 50, 90)
    assert bool((more >= whole).all())


def test_an_ensemble_is_the_mean_of_probabilities():
    one, other = torch.randn(3, 4, 5).double(), torch.randn(3, 4, 5).double()
    got = ensemble_probabilities(one, other)
    torch.testing.assert_close(got, (softmax(one, 0) + softmax(other, 0)) / 2)
    torch.testing.assert_close(got, ensemble_probabilities(other, one + 7))  # scores are no scale of their own
    torch.testing.assert_close(got.sum(0), torch.ones(4, 5).double())


def ignore(x: Tensor) -> Tensor:
    return x


IMAGE = torch.zeros(3, 6, 8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: segment_proposals(ignore, IMAGE[None], BOXES), ShapeError, r"image: expected \(C, H, W\), one image"),
        (lambda: segment_proposals(ignore, IMAGE, BOXES[:0]), ShapeError, r"boxes: expected \(K, 4\), one box or more"),
        (
            lambda: segment_proposals(ignore, IMAGE, BOXES.float()),
            OptionError,
            r"boxes: .* boxes.round\(\).long\(\) conv",
        ),
        (
            lambda: segment_proposals(ignore, IMAGE, BOXES, side=0),
            OptionError,
            "side: expected an integer of at least 1",
        ),
        (
            lambda: segment_proposals(ignore, IMAGE, BOXES, batch=0),
            OptionError,
            "batch: expected an integer of at least",
        ),
        (
            lambda: merge_scores([torch.zeros(1, 3, 4)], torch.tensor([[4, 0, 4, 3]]), SIDES),
            OptionError,
            r"boxes: expected x1 below x2 and y1 below y2, got \[4, 0, 4, 3\]",
        ),
        (lambda: merge_scores([], BOXES, SIDES), ShapeError, "scores: expected 4 maps, one a box, got 0"),
        (
            lambda: merge_scores([torch.zeros(1, 4, 3)], BOXES[:1], SIDES),
            ShapeError,
            r"scores: expected \(L, 3, 4\), the size of its box, got \(1, 4, 3\)",
        ),
        (
            lambda: ensemble_probabilities(IMAGE, IMAGE[:2]),
            ShapeError,
            r"others: expected the shape of scores, \(3, 6, 8",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
