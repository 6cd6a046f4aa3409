"""Overlapping tiles: how U-Net labels images of any size, to the very rim."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError
from reference.geometry import pair
from reference.layers.window import require_image
from reference.models.unet import GRID, MARGIN, UNet

REST = 4  # an output of the unpadded net is 4 more than a multiple of 16


def overlap_tile(net: UNet, x: Tensor, *, tile: int = 388) -> Tensor:
    """Label an image of any size tile by tile, each with the 92 pixels around it that the net wants to see.

    What lies beyond the image is its mirror image.  Tiles of the output follow each
    other by tile - 4 pixels, a multiple of 16, so that the poolings of all tiles
    fall on one grid: the result is that of one run over the whole mirrored image,
    without its memory.  The last row and column of tiles hang over, and are cut.

    Shape:
        x:      (N, in_channels, H, W)
        return: (N, num_classes, H, W)

    Args:
        net: A U-Net without padding, in `eval()`.
        tile: Side of one output, 4 more than a multiple of 16 and at least 20; inputs have tile + 184.

    Raises:
        ShapeError: x is no batch of images.
        OptionError: The net pads, or no output has the side `tile`.

    Example:
        >>> net = UNet(width=1).eval()
        >>> overlap_tile(net, torch.zeros(1, 1, 30, 50), tile=20).shape
        torch.Size([1, 2, 30, 50])

    Source:
        Ronneberger, Fischer and Brox, "U-Net", arXiv:1505.04597, section 2 and figure 2.
    """
    require_image("x", x)
    if net.padded:
        raise OptionError("net", "a U-Net without padding", "one with padding", "it keeps the size: call it on x")
    if isinstance(tile, bool) or not isinstance(tile, int) or tile < GRID + REST or tile % GRID != REST:
        near = max(GRID + REST, (int(tile) - REST + GRID // 2) // GRID * GRID + REST)
        raise OptionError(
            "tile", f"4 more than a multiple of {GRID}, at least 20", repr(tile), f"the nearest is {near}"
        )
    step = tile - REST
    starts = [range(0, max(1, side - REST), step) for side in x.shape[2:]]
    after = (row[-1] + tile - side + MARGIN for row, side in zip(starts, x.shape[2:], strict=True))
    rows, columns = ((MARGIN, more) for more in after)
    wide, seen = mirror_pad(x, rows, columns), tile + 2 * MARGIN
    bands = []
    for top in starts[0]:
        band = [net(wide[:, :, top : top + seen, left : left + seen]) for left in starts[1]]
        bands.append(_join(band, step, 3))
    return _join(bands, step, 2)[:, :, : x.shape[2], : x.shape[3]]


def mirror_pad(x: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """Put the mirror image around every plane, however wide the border; pixels at the rim are not repeated.

    Shape:
        x:      (N, C, H, W)
        return: (N, C, rows[0] + H + rows[1], columns[0] + W + columns[1])

    Raises:
        ShapeError: x is no batch of images.
        OptionError: A border is no integer of at least 0.

    Example:
        >>> mirror_pad(torch.tensor([[[[1, 2, 3]]]]), (0, 0), (4, 3)).flatten().tolist()
        [1, 2, 3, 2, 1, 2, 3, 2, 1, 2]
    """
    require_image("x", x)
    for axis, (before, after) in ((2, pair("rows", rows, 0)), (3, pair("columns", columns, 0))):
        side = x.shape[axis]
        place = torch.arange(-before, side + after, device=x.device) % max(1, 2 * (side - 1))  # forth and back
        x = x.index_select(axis, torch.minimum(place, 2 * (side - 1) - place))
    return x


def _join(parts: list[Tensor], step: int, axis: int) -> Tensor:
    """Put tiles beside each other; of each but the last only what the next does not have."""
    return torch.cat([part.narrow(axis, 0, step) for part in parts[:-1]] + parts[-1:], dim=axis)
