"""Digits from strokes: alike within a class, apart between classes, inside the frame."""

from __future__ import annotations

import pytest
import torch

from reference.data import Digits, digits
from reference.errors import OptionError


@pytest.fixture(scope="module")
def data() -> Digits:
    return digits(200, seed=1)


def test_the_tensors_are_as_described(data: Digits):
    assert data.images.shape == (200, 1, 32, 32)
    assert data.images.dtype == torch.float32
    assert (data.images.min(), data.images.max()) == (0, 1)
    assert data.labels.dtype == torch.int64


def test_every_ten_in_a_row_hold_each_digit_once_in_another_order(data: Digits):
    rows = data.labels.reshape(-1, 10)
    assert torch.equal(rows.sort(1).values, torch.arange(10).expand(20, 10))
    assert len({tuple(row) for row in rows.tolist()}) > 10


def test_the_nearest_mean_of_other_digits_names_most_of_them(data: Digits):
    learned, asked = digits(200, seed=2), data
    means = torch.stack([learned.images[learned.labels == digit].mean(0) for digit in range(10)])
    guess = torch.cdist(asked.images.flatten(1), means.flatten(1)).argmin(1)
    assert (guess == asked.labels).float().mean() > 0.8  # chance is 0.1


def test_digits_of_one_class_are_closer_than_digits_of_two(data: Digits):
    distance = torch.cdist(data.images.flatten(1), data.images.flatten(1))
    same = data.labels[:, None] == data.labels[None]
    apart = ~torch.eye(200, dtype=torch.bool)
    for digit in range(10):
        rows = data.labels == digit
        assert distance[rows][(same & apart)[rows]].mean() < 0.92 * distance[rows][~same[rows]].mean()


def test_no_two_digits_are_the_same(data: Digits):
    distance = torch.cdist(data.images.flatten(1), data.images.flatten(1)) + 99 * torch.eye(200)
    assert distance.min() > 0.5


@pytest.mark.parametrize("side", [12, 28, 32, 65])
def test_a_digit_fills_its_frame_without_touching_the_border(side: int):
    images = digits(100, side, seed=3).images[:, 0]
    assert images.shape == (100, side, side)
    border = torch.ones(side, side, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert not images[:, border].any()
    heights = images.amax(2).gt(0.5).sum(1) / side
    assert heights.min() > 0.45
    assert heights.max() < 0.9


def test_edges_are_anti_aliased_and_most_pixels_are_background(data: Digits):
    between = (data.images > 0.05) & (data.images < 0.95)
    assert between.flatten(1).float().mean(1).min() > 0.02
    assert 0.05 < data.images.mean() < 0.25


def test_holes_tell_the_round_digits_from_the_open_ones():
    data = digits(60, side=64, seed=4)
    for image, label in zip(data.images[:, 0], data.labels.tolist(), strict=True):
        assert holes(image > 0.3) == {0: 1, 4: 1, 6: 1, 8: 2, 9: 1}.get(label, 0), label


def holes(ink: torch.Tensor) -> int:
    """Count regions of background that the border does not reach; up to 8 pixels are a slip of the pen."""
    open_pixels = {(int(row), int(column)) for row, column in torch.nonzero(~ink)}
    regions = []
    while open_pixels:
        regions.append(1)
        waiting = [min(open_pixels)]  # the first one is the border's
        open_pixels.discard(waiting[0])
        while waiting:
            row, column = waiting.pop()
            for place in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if place in open_pixels:
                    open_pixels.discard(place)
                    waiting.append(place)
                    regions[-1] += 1
    return sum(pixels > 8 for pixels in regions[1:])


def test_lenets_levels_are_those_of_the_paper(data: Digits):
    levels = data.levels
    assert levels.min().item() == pytest.approx(-0.1)
    assert levels.max().item() == pytest.approx(1.175)
    assert abs(levels.mean()) < 0.2  # "the mean input roughly 0, and the variance roughly 1"


def test_a_seed_gives_one_data_set_and_its_beginning_is_a_smaller_one():
    one, same, longer, other = digits(12, seed=5), digits(12, seed=5), digits(25, seed=5), digits(12)
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.labels, same.labels)
    assert torch.equal(one.images, longer.images[:12])
    assert torch.equal(one.labels, longer.labels[:12])
    assert not torch.equal(one.images, other.images)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count: expected an integer of at least 1, got 0"),
        ({"side": 11}, "side: expected an integer of at least 12, got 11; smaller loops close up"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
    ],
)
def test_options_of_no_use_are_named(options: dict[str, int], message: str):
    with pytest.raises(OptionError) as error:
        digits(**({"count": 1} | options))
    assert str(error.value) == message
