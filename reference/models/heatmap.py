"""Heat maps of key points: drawn as targets, compared as a loss, read as an answer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.geometry import Pair, pair
from reference.layers.operand import require_float, require_like
from reference.layers.window import require_image


def gaussian_heatmaps(key_points: Tensor, sides: Pair, *, sigma: float = 1.0) -> Tensor:
    """Draw each key point as a bell of height 1.

        t[n, k, i, j] = exp(-((j + 1/2 - x)^2 + (i + 1/2 - y)^2) / (2 * sigma^2)),   x, y = key_points[n, k]

    A point outside the map, or one that is not a number, has a map of zeros: the
    net shall say that it sees nothing.

    Points are in pixels of the *map*, whose pixel in row i and column j has its
    middle at x = j + 1/2, y = i + 1/2.  So those of an image of four times the side
    go there by division by 4.

    Shape:
        key_points: (N, K, 2)       x and y, float dtype
        return:     (N, K, H, W)    dtype of key_points

    Args:
        sides: H and W of the map.
        sigma: Width of the bell in pixels of the map; 1 in the paper.

    Raises:
        ShapeError: key_points are no points.
        OptionError: They are no float, sigma is not positive, or a side is none.

    Example:
        >>> gaussian_heatmaps(torch.tensor([[[1.5, 0.5]]]), (1, 3)).flatten().tolist()
        [0.6065306663513184, 1.0, 0.6065306663513184]

    Source:
        Newell et al., ECCV 2016, section 3.4.  The authors' code rounds the point to a
        pixel and cuts the bell off outside a window of 7 x 7.
    """
    if key_points.ndim != 3 or key_points.shape[2] != 2:
        raise ShapeError("key_points", "(N, K, 2), x and y of each", repr(tuple(key_points.shape)))
    require_float("key_points", key_points)
    H, W = pair("sides", sides, 1)
    if not sigma > 0:
        raise OptionError("sigma", "a positive number", repr(sigma))
    x, y = (key_points[..., axis, None, None] for axis in (0, 1))  # (N, K, 1, 1)
    rows = torch.arange(H, dtype=key_points.dtype, device=key_points.device)[:, None]
    columns = torch.arange(W, dtype=key_points.dtype, device=key_points.device)
    bell = torch.exp(-((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / (2 * sigma**2))  # (N, K, H, W)
    inside = (x >= 0) & (x <= W) & (y >= 0) & (y <= H)  # False where it is not a number
    return torch.where(inside, bell, torch.zeros_like(bell))


def hourglass_loss(heatmaps: Sequence[Tensor], targets: Tensor) -> Tensor:
    """Compare the heat maps of *every* stack with the same targets: intermediate supervision.

        loss = sum over stacks s of mean over (n, k, i, j) of (heatmaps[s] - targets)^2

    Shape:
        heatmaps: `stacks` times (N, K, H, W)
        targets:  (N, K, H, W)   dtype of the heat maps
        return:   ()

    Raises:
        ShapeError: There is no stack, or the shapes differ.
        OptionError: The dtypes differ.

    Example:
        >>> zeros = torch.zeros(1, 1, 2, 2)
        >>> hourglass_loss([zeros + 1, zeros + 3], zeros).item()
        10.0

    Source:
        Newell et al., ECCV 2016, sections 3.3 and 3.4.
    """
    if not heatmaps:
        raise ShapeError("heatmaps", "the maps of one stack or more", "none")
    for number, maps in enumerate(heatmaps):
        require_like(f"heatmaps[{number}]", maps, targets, tuple(targets.shape), "the shape of targets")
    return torch.stack([F.mse_loss(maps, targets) for maps in heatmaps]).sum()


def heatmap_peaks(heatmaps: Tensor) -> Tensor:
    """Read the place of the highest value of each map, a quarter pixel towards its higher neighbour.

    On each axis the peak moves by 1/4 towards the higher of its two neighbours;
    it stays where they are equal, or where the map ends.

    Shape:
        heatmaps: (N, K, H, W)   float dtype; of the last stack
        return:   (N, K, 2)      x and y as in `gaussian_heatmaps`, dtype of heatmaps; times 4 for the image

    Raises:
        ShapeError: They are no maps.
        OptionError: They are no float.

    Example:
        >>> heatmap_peaks(torch.tensor([[[[0.0, 0.9, 0.5, 0.0]]]])).tolist()
        [[[1.75, 0.5]]]

    Source:
        The evaluation of the authors' release (github.com/princeton-vl/pose-hg-train, dataset/mpii.lua).
    """
    require_image("heatmaps", heatmaps)
    require_float("heatmaps", heatmaps)
    H, W = heatmaps.shape[2:]
    flat = heatmaps.flatten(2)
    place = flat.argmax(2)  # (N, K)
    row, column = place // W, place % W
    refined = []
    for position, step, size in ((column, 1, W), (row, W, H)):
        inside = (position > 0) & (position < size - 1)
        before, after = (
            flat.gather(2, torch.where(inside, place + side, place)[..., None])[..., 0] for side in (-step, step)
        )
        refined.append(position.to(heatmaps.dtype) + 0.5 + torch.sign(after - before) / 4)
    return torch.stack(refined, dim=2)
