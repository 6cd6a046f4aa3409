"""Heat maps: bells in their places, a loss on every stack, peaks between pixels."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.models import gaussian_heatmaps, heatmap_peaks, hourglass_loss

places = st.tuples(st.floats(0, 5), st.floats(0, 4))


@given(st.lists(places, min_size=2, max_size=3), st.sampled_from([0.5, 1.0, 2.0]))
def test_bells_equal_loops_over_pixels(points: list[tuple[float, float]], sigma: float):
    maps = gaussian_heatmaps(torch.tensor([points], dtype=torch.float64), (4, 5), sigma=sigma)
    for k, (x, y) in enumerate(points):
        for i in range(4):
            for j in range(5):
                want = math.exp(-((j + 0.5 - x) ** 2) / (2 * sigma**2)) * math.exp(
                    -((i + 0.5 - y) ** 2) / (2 * sigma**2)
                )
                assert math.isclose(maps[0, k, i, j].item(), want, rel_tol=1e-9, abs_tol=1e-12)


def test_a_bell_on_a_pixel_is_1_there_and_falls_by_its_own_sigma():
    bell = gaussian_heatmaps(torch.tensor([[[3.5, 1.5]]]), (3, 6))[0, 0]
    assert bell[1, 3].item() == bell.max().item() == 1  # row y, column x
    assert math.isclose(bell[1, 4].item(), math.exp(-1 / 2), rel_tol=1e-6)  # sigma is 1, not 2 and not the variance 1/2
    assert math.isclose(bell[2, 4].item(), math.exp(-1), rel_tol=1e-6)


@pytest.mark.parametrize("point", [(-0.1, 1.0), (1.0, -0.1), (5.1, 1.0), (1.0, 4.1), (math.nan, 1.0), (1.0, math.nan)])
def test_a_point_that_is_not_on_the_map_has_no_bell(point: tuple[float, float]):
    maps = gaussian_heatmaps(torch.tensor([[point, (2.5, 2.5)]]), (4, 5))
    assert not maps[0, 0].any()
    assert maps[0, 1].max() == 1


def test_every_stack_counts_in_the_loss_and_equally():
    targets = torch.zeros(2, 3, 4, 5)
    ones = torch.ones_like(targets)
    assert hourglass_loss([ones, 0 * ones], targets) == hourglass_loss([0 * ones, ones], targets) == 1
    assert hourglass_loss([ones, 2 * ones, 3 * ones], targets) == 14


def test_the_loss_sends_a_gradient_to_every_stack():
    stacks = [torch.randn(1, 2, 3, 3).requires_grad_() for _ in range(3)]
    hourglass_loss(stacks, torch.zeros(1, 2, 3, 3)).backward()
    assert all(maps.grad is not None and bool(maps.grad.any()) for maps in stacks)


# Not between a pixel of the border and the next: rounding decides which of the two is the peak.
@given(st.lists(st.tuples(st.floats(1.01, 3.99), st.floats(1.01, 2.99)), min_size=1, max_size=3))
def test_a_peak_lies_within_half_a_pixel_of_what_was_drawn(points: list[tuple[float, float]]):
    drawn = torch.tensor([points], dtype=torch.float64)
    found = heatmap_peaks(gaussian_heatmaps(drawn, (4, 5)))
    assert (found - drawn).abs().max() <= 0.25 + 1e-9  # the quarter halves the error of a whole pixel


def test_a_peak_moves_a_quarter_towards_its_higher_neighbour_on_each_axis():
    heatmap = torch.tensor([[0.0, 0.2, 0.0, 0.0], [0.4, 1.0, 0.5, 0.0], [0.0, 0.1, 0.0, 0.9]])[None, None]
    assert heatmap_peaks(heatmap).tolist() == [[[1.75, 1.25]]]  # right 0.5 over left 0.4, above 0.2 over below 0.1


def test_a_peak_stays_between_equal_neighbours_and_at_the_border():
    assert heatmap_peaks(torch.tensor([[[[0.0, 1.0, 0.0]]]])).tolist() == [[[1.5, 0.5]]]
    assert heatmap_peaks(torch.tensor([[[[1.0, 0.9, 0.0]], [[0.0, 0.9, 1.0]]]])).tolist() == [[[0.5, 0.5], [2.5, 0.5]]]


@pytest.mark.gpu
def test_the_device_does_not_matter():
    points = torch.rand(2, 3, 2, dtype=torch.float64) * 8
    maps = gaussian_heatmaps(points, (9, 8))
    torch.testing.assert_close(gaussian_heatmaps(points.cuda(), (9, 8)).cpu(), maps)
    torch.testing.assert_close(heatmap_peaks(maps.cuda()).cpu(), heatmap_peaks(maps))


MAPS = torch.zeros(1, 2, 4, 5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gaussian_heatmaps(torch.zeros(3, 2), 4), ShapeError, r"key_points: expected \(N, K, 2\), x and y of"),
        (lambda: gaussian_heatmaps(torch.zeros(1, 3, 3), 4), ShapeError, r"key_points: .* got \(1, 3, 3\)"),
        (lambda: gaussian_heatmaps(torch.zeros(1, 3, 2).long(), 4), OptionError, "key_points: expected a float dtype"),
        (
            lambda: gaussian_heatmaps(torch.zeros(1, 3, 2), (0, 4)),
            OptionError,
            "sides: expected an integer of at least",
        ),
        (
            lambda: gaussian_heatmaps(torch.zeros(1, 3, 2), 4, sigma=0),
            OptionError,
            "sigma: expected a positive number, got 0",
        ),
        (lambda: hourglass_loss([], MAPS), ShapeError, "heatmaps: expected the maps of one stack or more, got none"),
        (
            lambda: hourglass_loss([MAPS, MAPS[:, :1]], MAPS),
            ShapeError,
            r"heatmaps\[1\]: expected \(1, 2, 4, 5\), the shape of targets, got \(1, 1, 4, 5\)",
        ),
        (lambda: hourglass_loss([MAPS.double()], MAPS), OptionError, r"heatmaps\[0\]: expected the dtype of the input"),
        (lambda: heatmap_peaks(MAPS[0]), ShapeError, r"heatmaps: expected \(N, C, H, W\) .* got \(2, 4, 5\)"),
        (lambda: heatmap_peaks(MAPS.long()), OptionError, "heatmaps: expected a float dtype"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
