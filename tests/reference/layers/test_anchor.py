"""Anchors: the published table of nine, their grid, and SSD's 8,732 boxes."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import base_anchors, box_area, grid_anchors, prior_boxes
from tests.strategies import pairs, tensors

NINE = [
    [-84, -40, 99, 55],
    [-176, -88, 191, 103],
    [-360, -184, 375, 199],
    [-56, -56, 71, 71],
    [-120, -120, 135, 135],
    [-248, -248, 263, 263],
    [-36, -80, 51, 95],
    [-80, -168, 95, 183],
    [-168, -344, 183, 359],
]
SSD300 = [  # side of the map, stride, least, most, ratios
    (38, 8, 30, 60, (2,)),
    (19, 16, 60, 111, (2, 3)),
    (10, 32, 111, 162, (2, 3)),
    (5, 64, 162, 213, (2, 3)),
    (3, 100, 213, 264, (2,)),
    (1, 300, 264, 315, (2,)),
]


def test_the_nine_anchors_are_those_of_the_release():
    assert base_anchors().tolist() == NINE


def test_all_nine_are_centred_at_seven_and_a_half():
    boxes = base_anchors()
    assert ((boxes[:, :2] + boxes[:, 2:]) / 2).unique().tolist() == [7.5]


def test_areas_are_about_128_256_and_512_squared_and_sides_have_the_ratio():
    boxes = base_anchors()
    side = box_area(boxes, inclusive=True).sqrt().reshape(3, 3)
    torch.testing.assert_close(side, torch.tensor([[128.0, 256, 512]] * 3).double(), rtol=0.04, atol=0)
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    assert (sides[:, 1] / sides[:, 0]).tolist() == pytest.approx([0.5] * 3 + [1] * 3 + [2] * 3, rel=0.05)


@given(st.data(), pairs(1, 3), st.integers(1, 20))
def test_the_grid_goes_along_rows_and_keeps_the_anchors_of_a_cell_together(data: Any, sides: Any, stride: int):
    anchors = data.draw(tensors(2, 4))
    got = grid_anchors(anchors, sides, stride).tolist()
    want = [
        [x1 + j * stride, y1 + i * stride, x2 + j * stride, y2 + i * stride]
        for i in range(sides[0])
        for j in range(sides[1])
        for x1, y1, x2, y2 in anchors.tolist()
    ]
    assert got == want


def test_an_image_of_1000_by_600_has_21600_anchors():
    assert grid_anchors(base_anchors(), (40, 60), 16).shape == (21600, 4)


def test_scores_of_a_map_line_up_with_the_grid():
    H, W, A = 3, 4, 9
    scores = torch.zeros(1, A, H, W)
    scores[0, 5, 2, 1] = 1
    best = int(scores.permute(0, 2, 3, 1).flatten().argmax())
    assert grid_anchors(base_anchors(), (H, W), 16)[best].tolist() == [-248 + 16, -248 + 32, 263 + 16, 263 + 32]


def test_ssd300_has_8732_boxes_and_6792_without_the_second_square():
    boxes = [prior_boxes(n, 300, stride=s, least=a, most=b, ratios=r) for n, s, a, b, r in SSD300]
    assert [len(part) for part in boxes] == [5776, 2166, 600, 150, 36, 4]
    assert sum(map(len, boxes)) == 8732
    assert 8732 - sum(n * n for n, *_ in SSD300) == 6792


def test_pool3_rounded_down_leaves_8096_boxes():
    sides = (37, 18, 9, 5, 3, 1)  # instead of 38, 19, 10
    boxes = [
        prior_boxes(n, 300, stride=s, least=a, most=b, ratios=r)
        for n, (_, s, a, b, r) in zip(sides, SSD300, strict=True)
    ]
    assert sum(map(len, boxes)) == 8096


def test_the_boxes_of_one_cell_of_ssd_by_hand():
    boxes = prior_boxes(10, 300, stride=32, least=40, most=90, ratios=(4,)).reshape(10, 10, 4, 4)
    cell = boxes[4, 5]  # centre (5.5*32, 4.5*32) = (176, 144)
    sides = [[40, 40], [60, 60], [80, 20], [20, 80]]
    want = [[176 - w / 2, 144 - h / 2, 176 + w / 2, 144 + h / 2] for w, h in sides]
    torch.testing.assert_close(cell, torch.tensor(want).double())


def test_ssds_boxes_are_cut_off_at_the_image():
    boxes = prior_boxes((2, 3), (200, 300), stride=100, least=264, most=315, ratios=(2,))
    assert boxes.amin(0).tolist() == [0, 0, boxes[:, 2].min().item(), boxes[:, 3].min().item()]
    assert (boxes[:, 2].max().item(), boxes[:, 3].max().item()) == (300, 200)


def test_oblongs_of_ssd_have_the_area_of_the_small_square():
    cell = prior_boxes(1, 1000, stride=1000, least=100, most=200, ratios=(2, 3))
    area = box_area(cell)
    assert area.tolist() == pytest.approx([1e4, 2e4, *[1e4] * 4])
    wide = (cell[:, 2] - cell[:, 0]) / (cell[:, 3] - cell[:, 1])
    assert wide.tolist() == pytest.approx([1, 1, 2, 1 / 2, 3, 1 / 3])
    assert math.isclose((cell[1, 2] - cell[1, 0]).item() ** 2, 100 * 200)


@pytest.mark.gpu
def test_a_grid_stays_on_its_device():
    got = grid_anchors(base_anchors().cuda(), (2, 3), 16)
    assert got.is_cuda
    assert torch.equal(got.cpu(), grid_anchors(base_anchors(), (2, 3), 16))


PRIOR = {"stride": 8, "least": 30, "most": 60, "ratios": (2,)}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: base_anchors(0), OptionError, "base: expected an integer of at least 1, got 0"),
        (lambda: base_anchors(ratios=()), OptionError, r"ratios: expected one number or more, got \(\)"),
        (lambda: base_anchors(ratios=(0,)), OptionError, "ratios: expected a number of at least 1e-09, got 0"),
        (lambda: base_anchors(scales=(8, -1)), OptionError, "scales: expected a number of at least 1e-09, got -1"),
        (lambda: grid_anchors(torch.zeros(4), 2, 16), ShapeError, r"anchors: expected \(A, 4\), got \(4,\)"),
        (lambda: grid_anchors(base_anchors(), 0, 16), OptionError, "output_size: expected an integer of at least 1"),
        (lambda: grid_anchors(base_anchors(), 2, 0), OptionError, "stride: expected an integer of at least 1, got 0"),
        (lambda: prior_boxes(2, 0, **PRIOR), OptionError, "image_size: expected an integer of at least 1, got 0"),
        (lambda: prior_boxes(2, 9, **PRIOR | {"least": 0}), OptionError, "least: expected a number of at least 1e-09"),
        (lambda: prior_boxes(2, 9, **PRIOR | {"most": 0}), OptionError, "most: expected a number of at least 1e-09"),
        (lambda: prior_boxes(2, 9, **PRIOR | {"ratios": (0,)}), OptionError, "ratios: expected a number of at least"),
        (lambda: prior_boxes(2, 9, **PRIOR | {"stride": 0}), OptionError, "stride: expected an integer of at least 1"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
