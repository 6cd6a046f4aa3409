"""Columns: convolution by pieces is convolution, on the way back too.  That it equals torch stands in `test_conv.py`."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from torch import Tensor

from reference.layers import col2im, column, correlate2d_im2col, im2col
from tests.strategies import Case, convolutions


@pytest.fixture(params=[1, 60, 200])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Few numbers a piece: a line of one image, some lines, some images."""
    monkeypatch.setattr(column, "CPU_PIECE", request.param)
    return int(request.param)


@pytest.mark.parametrize(
    ("groups", "options"),
    [(1, {}), (2, {"padding": 1}), (1, {"stride": (2, 3), "padding": (2, 1)}), (2, {"dilation": (2, 1), "padding": 2})],
)
def test_pieces_are_the_whole_and_so_are_their_gradients(most: int, groups: int, options: dict[str, Any]):
    x = torch.randn(3, 4, 7, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 4 // groups, 3, 2, dtype=torch.float64, requires_grad=True)
    got, want = (layer(x, weight, groups=groups, **options) for layer in (correlate2d_im2col, F.conv2d))
    torch.testing.assert_close(got, want)
    grad = torch.randn_like(want)
    for one, other in zip(
        torch.autograd.grad(got, (x, weight), grad), torch.autograd.grad(want, (x, weight), grad), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_pieces_hold_no_more_than_they_may_and_cover_every_output_once():
    windows = column.grid((9, 8), (3, 3), stride=(2, 1), padding=1)
    padded = torch.zeros(5, 2, *windows.padded)
    per_line = 2 * 9 * windows.output[1]
    for most in (1, per_line, 3 * per_line, 2 * 5 * per_line, 10**6):
        covered = torch.zeros(5, 1, 1, *windows.output)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(column, "CPU_PIECE", most)
            for place, seen, band in column._pieces(padded, windows):
                covered[place] += 1
                assert padded[seen].shape[2:] == band.padded
                assert column._columns(padded[seen], band, 1).numel() <= max(most, per_line)
        assert torch.equal(covered, torch.ones_like(covered))


def test_a_large_batch_on_a_gpu_is_one_piece():
    windows = column.grid((13, 13), (3, 3), padding=1)
    on_meta = torch.zeros(64, 256, *windows.padded, device="meta")  # any device that is no processor
    assert len(list(column._pieces(on_meta, windows))) == 1


@given(case=convolutions(dtype=torch.int64))
def test_pieces_of_integers_are_exact(case: Case):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column, "CPU_PIECE", 1)
        got = correlate2d_im2col(case.x, case.weight, case.bias, **case.options)
    assert torch.equal(got, F.conv2d(case.x, case.weight, case.bias, **case.options))


def test_gradients_can_be_taken_twice(most: int):
    x = torch.randn(2, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 2, 2, 2, dtype=torch.float64, requires_grad=True)

    def layer(x: Tensor, weight: Tensor) -> Tensor:
        return correlate2d_im2col(x, weight, stride=(2, 1), padding=1)

    assert torch.autograd.gradcheck(layer, (x, weight))
    assert torch.autograd.gradgradcheck(layer, (x, weight))


def test_only_what_needs_a_gradient_gets_one():
    x, weight = torch.randn(1, 2, 4, 4), torch.randn(3, 2, 2, 2, requires_grad=True)
    correlate2d_im2col(x, weight).sum().backward()
    assert x.grad is None
    assert weight.grad is not None


def test_columns_are_a_copy_and_their_gradient_is_col2im():
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True)
    columns = im2col(x, (3, 2), stride=2, padding=1)
    grad = torch.randn_like(columns)
    [got] = torch.autograd.grad(columns, x, grad)
    torch.testing.assert_close(got, col2im(grad, (5, 4), (3, 2), stride=2, padding=1))
    with torch.no_grad():
        columns.zero_()
    assert x.abs().min() > 0


def test_images_that_lie_otherwise_in_memory_are_read_as_they_are():
    plain = torch.randn(2, 3, 6, 5)
    views = [
        plain.to(memory_format=torch.channels_last),
        torch.randn(2, 3, 5, 6).transpose(2, 3),
        torch.randn(4, 3, 6, 5)[1::2],
        torch.randn(2, 3, 8, 9)[:, :, 1:7, 2:7],
    ]
    for x in views:
        torch.testing.assert_close(im2col(x, 2), F.unfold(x.contiguous(), 2))
