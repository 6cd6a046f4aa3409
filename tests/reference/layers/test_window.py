"""Windows: margins, taps and what is left of them on the image."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers.window import grid, pad2d, require_image, sum_channels
from tests.oracles import count_windows
from tests.strategies import pairs, tensors


@pytest.mark.parametrize(
    ("word", "k", "margins"),
    [("valid", 4, (0, 0)), ("same", 3, (1, 1)), ("same", 4, (1, 2)), ("same", 2, (0, 1)), ("full", 4, (3, 3))],
)
def test_words_for_padding_stand_for_margins(word: str, k: int, margins: tuple[int, int]):
    assert grid((9, 9), (k, 1), padding=word).rows.margins == margins


@given(pairs(1, 4), pairs(1, 3), pairs(0, 2), pairs(1, 2))
def test_there_are_as_many_windows_as_one_counts(kernel_size: Any, stride: Any, padding: Any, dilation: Any):
    windows = grid((8, 9), kernel_size, stride=stride, padding=padding, dilation=dilation)
    options = zip((8, 9), kernel_size, stride, padding, padding, dilation, strict=True)
    assert windows.output == tuple(count_windows(*axis) for axis in options)


def test_a_window_that_hangs_over_gets_a_longer_margin():
    windows = grid((5, 4), (2, 2), stride=2, ceil_mode=True)
    assert windows.output == (3, 2)
    assert windows.rows.margins == (0, 1)
    assert windows.padded == (6, 4)


def test_a_tap_is_what_all_windows_see_there():
    x = torch.arange(20).reshape(1, 1, 4, 5)
    windows = grid((4, 5), (2, 2), stride=(2, 1), dilation=(1, 2))
    assert windows.offsets == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert windows.tap(x, 1, 1).tolist() == [[[[7, 8, 9], [17, 18, 19]]]]


@given(tensors(2, 1, 3, 4), pairs(0, 2), pairs(0, 2))
def test_padding_frames_every_plane(x: torch.Tensor, rows: Any, columns: Any):
    want = torch.nn.functional.pad(x, (*columns, *rows), value=-7)
    assert torch.equal(pad2d(x, rows, columns, -7), want)


def test_cropping_undoes_padding():
    x = torch.arange(6).reshape(1, 1, 2, 3)
    windows = grid((2, 3), (2, 2), padding="same")
    assert torch.equal(windows.crop(windows.pad(x)), x)


@given(tensors(2, 2, 3, 2, 1), tensors(2, 2, 3))
def test_channels_are_mixed_alike_for_floats_and_integers(x: torch.Tensor, weight: torch.Tensor):
    mixed = sum_channels(x, weight)
    assert mixed.shape == (2, 2, 2, 2, 1)
    assert torch.equal(sum_channels(x.long(), weight.long()), mixed.long())
    assert mixed[0, 1, 0, 1, 0] == (weight[1, 0] * x[0, 1, :, 1, 0]).sum()


def test_all_taps_at_once_are_the_taps_one_by_one():
    x = torch.randn(2, 3, 9, 8).transpose(0, 1)
    windows = grid((9, 8), (3, 2), stride=(2, 1), dilation=(1, 3))
    seen = windows.taps(x)
    assert seen.shape == (3, 2, 3, 2, *windows.output)
    for u, v in windows.offsets:
        assert torch.equal(seen[:, :, u, v], windows.tap(x, u, v))
    assert seen.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()  # nothing is copied


def test_a_band_sees_what_its_rows_of_windows_saw():
    x = torch.randn(1, 2, 9, 8)
    windows = grid((9, 8), (3, 2), stride=(2, 1), padding=1, dilation=(2, 1))
    padded = windows.pad(x)
    for first, last in ((0, 1), (1, 3), (0, windows.output[0])):
        span, band = windows.band(first, last)
        part = padded[:, :, span]
        assert (band.output, band.padded) == ((last - first, windows.output[1]), (part.shape[2], part.shape[3]))
        assert torch.equal(band.taps(part), windows.taps(padded)[:, :, :, :, first:last])


def test_arguments_of_no_use_are_named():
    with pytest.raises(ShapeError, match=r"x: expected \(N, C, H, W\) with C, H, W of at least 1, got \(1, 2, 0, 3\)"):
        require_image("x", torch.zeros(1, 2, 0, 3))
    with pytest.raises(
        OptionError, match="padding: expected an integer, a pair, 'valid', 'same' or 'full', got 'some'"
    ):
        grid((4, 4), (2, 2), padding="some")
    with pytest.raises(ShapeError, match="x: expected H of at least 5, as the window spans 5 and the padding adds 0"):
        grid((4, 4), (3, 3), dilation=2)
