"""Feature pyramid: top-down sums, the level that fits a box, anchors as points."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.layers import correlate2d, resize_nearest2d, roi_align2d
from reference.models.detection.fpn import FeaturePyramid, pyramid_align, pyramid_anchors, pyramid_level


def maps(side: int = 32, channels: tuple[int, ...] = (2, 3, 4, 5)) -> list[torch.Tensor]:
    return [torch.randn(2, c, side >> k, (side >> k) + 1, dtype=torch.float64) for k, c in enumerate(channels)]


def test_the_pyramid_is_built_of_the_reference_layers():
    net, given = FeaturePyramid((2, 3, 4, 5), 6).double(), maps()
    levels = net(given)
    merged, want = None, []
    for k in (3, 2, 1, 0):
        lateral = correlate2d(given[k], net.lateral[k].weight, net.lateral[k].bias)
        merged = lateral if merged is None else lateral + resize_nearest2d(merged, tuple(lateral.shape[2:]))
        want.insert(0, correlate2d(merged, net.output[k].weight, net.output[k].bias, padding=1))
    for got, expected in zip(levels, want, strict=False):
        torch.testing.assert_close(got, expected)
    assert len(levels) == 5
    torch.testing.assert_close(levels[4], want[3][:, :, ::2, ::2])


def test_what_a_deep_map_knows_reaches_the_finest_level_and_nothing_climbs():
    net, given = FeaturePyramid((2, 3, 4, 5), 6).double(), [y.requires_grad_() for y in maps()]
    net(given)[0].sum().backward()
    assert given[3].grad is not None
    assert given[3].grad.any()
    given = [y.requires_grad_() for y in maps()]
    net(given)[3].sum().backward()
    assert [y.grad is None for y in given] == [True, True, True, False]


@pytest.mark.parametrize(
    ("side", "level"),
    [(5, 2), (55, 2), (111, 2), (112, 3), (223, 3), (224, 4), (447, 4), (448, 5), (896, 5), (5000, 5)],
)
def test_the_level_of_a_box(side: int, level: int):
    box = torch.tensor([[10.0, 20.0, 10.0 + side, 20.0 + side]])
    assert pyramid_level(box).item() == level
    half_and_double = torch.tensor([[0.0, 0.0, side / 2, side * 2.0]])
    assert pyramid_level(half_and_double).item() == level  # the area counts


def test_a_box_without_area_has_the_finest_level():
    assert pyramid_level(torch.tensor([[3.0, 3.0, 3.0, 3.0], [9.0, 9.0, 1.0, 20.0]])).tolist() == [2, 2]


def test_anchors_have_one_area_a_level_three_ratios_and_half_a_stride_as_centre():
    for level, stride in zip(pyramid_anchors(), (4, 8, 16, 32, 64), strict=True):
        sides = level[:, 2:] - level[:, :2]
        assert level.shape == (3, 4)
        assert ((level[:, :2] + level[:, 2:]) / 2).unique().tolist() == [stride / 2]
        assert sides[1].tolist() == [8 * stride, 8 * stride]
        assert (sides[:, 1] / sides[:, 0]).tolist() == pytest.approx([0.5, 1, 2], rel=0.1)
        assert (sides[:, 0] * sides[:, 1]).sqrt().tolist() == pytest.approx(3 * [8 * stride], rel=0.1)


@pytest.mark.parametrize("aligned", [False, True])
def test_every_box_is_pooled_from_its_own_level_in_its_place(aligned: bool):
    levels = [torch.randn(2, 3, 256 >> k, 256 >> k, dtype=torch.float64) for k in range(4)]
    rois = torch.tensor(
        [[0, 0, 0, 500, 480], [1, 10, 10, 60, 50], [0, 40, 8, 270, 300], [1, 3, 3, 130, 140], [1, 0, 0, 40, 40]]
    ).double()
    got = pyramid_align(levels, rois, 3, aligned=aligned)
    for r, k in enumerate((3, 0, 2, 1, 0)):
        want = roi_align2d(levels[k], rois[r : r + 1], 3, spatial_scale=1 / (4 << k), sampling_ratio=2, aligned=aligned)
        torch.testing.assert_close(got[r : r + 1], want)


def test_no_boxes_give_no_features():
    assert pyramid_align([torch.zeros(1, 3, 8, 8)] * 4, torch.zeros(0, 5), 7).shape == (0, 3, 7, 7)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: FeaturePyramid((2, 3))([torch.zeros(1, 2, 4, 4)]), ShapeError, "maps: expected 2 maps, the finest"),
        (lambda: FeaturePyramid((2, 3), 0), OptionError, "channels: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
