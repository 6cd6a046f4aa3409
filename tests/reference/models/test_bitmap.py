"""The bitmaps: ten of 7 x 12, told apart with room to spare."""

from __future__ import annotations

import itertools

import torch

from reference.models.bitmap import HEIGHT, WIDTH, digit_bitmaps


def test_they_are_ten_of_84_marks():
    bitmaps = digit_bitmaps()
    assert bitmaps.shape == (10, HEIGHT * WIDTH) == (10, 84)
    assert bitmaps.unique().tolist() == [-1, 1]
    assert all(10 < int((bitmap > 0).sum()) < 42 for bitmap in bitmaps)  # strokes, not blots


def test_no_two_are_alike_within_a_few_pixels():
    for one, other in itertools.combinations(digit_bitmaps(), 2):
        assert int((one != other).sum()) >= 9


def test_they_are_read_row_by_row():
    seven = digit_bitmaps()[7].reshape(HEIGHT, WIDTH)
    assert torch.equal(seven[0], torch.ones(WIDTH))
    assert seven[1:, 0].tolist() == [-1] * 11
