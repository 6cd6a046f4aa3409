"""Overlapping tiles: no seams, a mirrored rim, any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from reference.errors import OptionError, ShapeError
from reference.models import UNet, mirror_pad, overlap_tile


def small(**options: Any) -> UNet:
    return UNet(**({"width": 1} | options)).double().eval()


@pytest.mark.parametrize("sides", [(1, 3), (20, 33), (37, 52), (60, 21)])
def test_tiles_give_what_one_run_over_the_whole_mirrored_image_gives(sides: tuple[int, int]):
    net, x = small(), torch.rand(2, 1, *sides, dtype=torch.float64)
    got = overlap_tile(net, x, tile=20)
    H, W = (side + (4 - side) % 16 for side in sides)  # an output that the net can have
    whole = np.pad(x.numpy(), ((0, 0), (0, 0), (92, 92 + H - sides[0]), (92, 92 + W - sides[1])), mode="reflect")
    torch.testing.assert_close(got, net(torch.from_numpy(whole))[:, :, : sides[0], : sides[1]])


def test_one_tile_of_388_is_the_papers():
    net = small()
    seen: list[tuple[int, ...]] = []
    net.register_forward_pre_hook(lambda _, args: seen.append(tuple(args[0].shape)))
    assert overlap_tile(net, torch.zeros(1, 1, 388, 5).double()).shape == (1, 2, 388, 5)
    assert seen == [(1, 1, 572, 572)]


def test_tiles_are_no_larger_than_asked():
    net = small()
    seen: list[tuple[int, ...]] = []
    net.register_forward_pre_hook(lambda _, args: seen.append(tuple(args[0].shape)))
    overlap_tile(net, torch.zeros(1, 1, 53, 36).double(), tile=36)
    assert seen == 2 * [(1, 1, 220, 220)]  # rows 0 to 35 and 32 to 67


@pytest.mark.parametrize(("rows", "columns"), [((0, 0), (0, 0)), ((1, 2), (3, 0)), ((9, 11), (7, 20))])
def test_the_mirror_is_numpys_reflection(rows: tuple[int, int], columns: tuple[int, int]):
    x = torch.randint(9, (2, 3, 4, 5))
    want = np.pad(x.numpy(), ((0, 0), (0, 0), rows, columns), mode="reflect")
    assert torch.equal(mirror_pad(x, rows, columns), torch.from_numpy(want))
    assert torch.equal(mirror_pad(x[:, :, :1], (1, 2), (0, 0)), x[:, :, :1].expand(2, 3, 4, 5))


def test_borders_of_no_use_are_named():
    with pytest.raises(OptionError, match="columns: expected an integer of at least 0, got -1"):
        mirror_pad(torch.zeros(1, 1, 2, 2), (0, 0), (-1, 0))
    with pytest.raises(ShapeError, match=r"x: expected \(N, C, H, W\)"):
        mirror_pad(torch.zeros(2, 2), (0, 0), (0, 0))


def test_zeros_around_the_image_would_give_something_else():
    net, x = small(), torch.rand(1, 1, 20, 20, dtype=torch.float64)
    assert not torch.allclose(overlap_tile(net, x, tile=20), net(F.pad(x, (92, 92, 92, 92))))


@pytest.mark.parametrize(("tile", "nearest"), [(388 + 8, 404), (4, 20), (0, 20), (35, 36)])
def test_tiles_that_no_output_has_are_named(tile: int, nearest: int):
    with pytest.raises(
        OptionError,
        match=f"tile: expected 4 more than a multiple of 16, at least 20, got {tile}; the nearest is {nearest}",
    ):
        overlap_tile(small(), torch.zeros(1, 1, 9, 9).double(), tile=tile)


def test_a_net_that_pads_and_a_plane_without_a_batch_are_named():
    with pytest.raises(
        OptionError, match="net: expected a U-Net without padding, got one with padding; it keeps the size"
    ):
        overlap_tile(small(padded=True), torch.zeros(1, 1, 9, 9).double())
    with pytest.raises(ShapeError, match=r"x: expected \(N, C, H, W\)"):
        overlap_tile(small(), torch.zeros(9, 9).double())
