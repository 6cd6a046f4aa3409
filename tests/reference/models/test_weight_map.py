"""U-Net's weights: walls between cells, by loops and by hand."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.models import separation_weights, weighted_cross_entropy
from tests.strategies import tensors

ONES = torch.ones(2, dtype=torch.float64)


def looped(plane: list[list[int]], w0: float, sigma: float) -> list[list[float]]:
    """Every pixel against every pixel."""
    H, W = len(plane), len(plane[0])
    borders: dict[int, list[tuple[int, int]]] = {}
    for i in range(H):
        for j in range(W):
            beside = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
            inside = [plane[p][q] for p, q in beside if 0 <= p < H and 0 <= q < W]
            if plane[i][j] and any(other != plane[i][j] for other in inside):
                borders.setdefault(plane[i][j], []).append((i, j))
    weights = [[1.0] * W for _ in range(H)]
    for i in range(H):
        for j in range(W):
            nearest = sorted(min(math.hypot(i - p, j - q) for p, q in border) for border in borders.values())
            if len(nearest) > 1:
                weights[i][j] += w0 * math.exp(-((nearest[0] + nearest[1]) ** 2) / (2 * sigma**2))
    return weights


@given(
    st.tuples(st.integers(2, 6), st.integers(2, 7)).flatmap(lambda s: tensors(*s, dtype=torch.int64, least=0, most=3))
)
def test_weights_equal_loops(plane: Tensor):
    got = separation_weights(plane[None], class_weights=ONES, w0=7.0, sigma=2.0)[0]
    torch.testing.assert_close(got, torch.tensor(looped(plane.tolist(), 7.0, 2.0)).double(), rtol=1e-5, atol=1e-5)


def test_a_gap_of_one_pixel_weighs_10_more_by_hand():
    cells = torch.tensor([[[1, 1, 0, 2, 2], [1, 1, 0, 2, 2], [1, 1, 0, 0, 0]]])
    weights = separation_weights(cells, class_weights=ONES)[0]
    assert weights[0, 2].item() == pytest.approx(1 + 10 * math.exp(-((1 + 1) ** 2) / 50))
    assert weights[2, 4].item() == pytest.approx(1 + 10 * math.exp(-((1 + 3) ** 2) / 50))
    assert weights[0, 1].item() == pytest.approx(1 + 10 * math.exp(-((0 + 2) ** 2) / 50))


def test_the_wall_is_added_to_the_weight_of_the_class():
    cells, uneven = torch.tensor([[[1, 0, 2]]]), torch.tensor([0.5, 2.0]).double()
    weights = separation_weights(cells, class_weights=uneven)[0, 0].tolist()
    assert weights == pytest.approx(
        [2 + 10 * math.exp(-4 / 50), 0.5 + 10 * math.exp(-4 / 50), 2 + 10 * math.exp(-4 / 50)]
    )


def test_one_cell_or_none_has_no_wall():
    for plane in (torch.zeros(1, 4, 5), torch.eye(4)[None]):
        assert separation_weights(plane.long(), class_weights=ONES).unique().tolist() == [1]


def test_two_cells_that_touch_are_two_and_their_names_do_not_matter():
    touching = torch.tensor([[[1, 1, 2, 2]]])
    weights = separation_weights(touching, class_weights=ONES)
    assert weights[0, 0, 1].item() == pytest.approx(1 + 10 * math.exp(-1 / 50))
    assert torch.equal(weights, separation_weights(7 * touching.flip(2), class_weights=ONES).flip(2))


def test_images_are_measured_one_by_one_and_far_apart_the_wall_fades():
    near, far = torch.zeros(1, 5, 40).long(), torch.zeros(1, 5, 40).long()
    near[0, :, :3], near[0, :, 4:7] = 1, 2
    far[0, :, :3], far[0, :, 37:] = 1, 2
    both = separation_weights(torch.cat([near, far]), class_weights=ONES)
    assert both[0].max() > 10 > 1.0001 > both[1].max()
    assert torch.equal(both[1:], separation_weights(far, class_weights=ONES))


def test_classes_are_balanced_so_that_each_has_half_of_the_weight():
    cells = torch.zeros(2, 4, 5).long()
    cells[0, 0, :2] = 1
    weights = separation_weights(cells)
    assert weights[0][cells[0] > 0].sum().item() == pytest.approx(10)
    assert weights[0][cells[0] == 0].sum().item() == pytest.approx(10)
    assert weights[1].unique().tolist() == [1]
    uneven = torch.tensor([0.5, 2.0]).double()
    assert torch.equal(separation_weights(cells, class_weights=uneven)[0], uneven[cells[0].clamp(max=1)])


def test_tall_images_are_measured_in_parts():
    cells = torch.zeros(1, 150, 3).long()
    cells[0, 10, 1], cells[0, 140, 1] = 1, 2
    got = separation_weights(cells, class_weights=ONES, sigma=80)[0]
    torch.testing.assert_close(got, torch.tensor(looped(cells[0].tolist(), 10.0, 80.0)).double(), rtol=1e-5, atol=1e-5)


def test_the_loss_is_the_papers_sum_over_the_pixels():
    scores = torch.randn(2, 3, 2, 4, dtype=torch.float64)
    labels, weights = torch.randint(3, (2, 2, 4)), torch.rand(2, 2, 4, dtype=torch.float64)
    log_p = scores.log_softmax(1).gather(1, labels[:, None])[:, 0]
    got = weighted_cross_entropy(scores, labels, weights)
    torch.testing.assert_close(got, -(weights * log_p).sum() / 16)
    torch.testing.assert_close(weighted_cross_entropy(scores, labels, 2 * weights), 2 * got)  # no mean over weights


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: separation_weights(torch.zeros(4, 5).long()), ShapeError, r"cells: expected \(N, H, W\), one number"),
        (
            lambda: separation_weights(torch.zeros(1, 4, 5)),
            OptionError,
            "cells: expected int64 of at least 0, got torch.fl",
        ),
        (lambda: separation_weights(-torch.ones(1, 4, 5).long()), OptionError, "cells: expected int64 of at least 0"),
        (lambda: separation_weights(torch.zeros(1, 4, 5).long(), sigma=0), OptionError, "sigma: expected a number"),
        (lambda: separation_weights(torch.zeros(1, 4, 5).long(), w0=-1), OptionError, "w0: expected a number"),
        (
            lambda: separation_weights(torch.zeros(1, 4, 5).long(), class_weights=torch.ones(3)),
            ShapeError,
            r"class_weights: expected \(2,\), background and cells",
        ),
        (
            lambda: weighted_cross_entropy(torch.zeros(1, 2, 3, 3), torch.zeros(1, 3, 3).long(), torch.zeros(3, 3)),
            ShapeError,
            r"weights: expected \(1, 3, 3\), one number a pixel",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
