"""Super-pixels: scores averaged inside each, and votes of each one's neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers.operand import require_float, require_number
from reference.layers.window import require_image


def superpixel_mean2d(x: Tensor, regions: Tensor) -> Tensor:
    """Average every channel over the pixels of each super-pixel.

        z[n, c, s] = mean of x[n, c, p] over the pixels p with regions[n, p] = s

    Shape:
        x:       (N, C, H, W)       float dtype
        regions: (N, H, W)  int64   which super-pixel a pixel belongs to, from 0
        return:  (N, C, S)          dtype of x; S is the highest number in regions plus 1
                                    A super-pixel without pixels has mean 0.

    Raises:
        ShapeError: A shape is wrong.
        OptionError: x is no float, or regions are no int64 from 0.

    Example:
        >>> x, regions = torch.tensor([[[[1.0, 3.0, 8.0]]]]), torch.tensor([[[0, 0, 1]]])
        >>> superpixel_mean2d(x, regions).tolist()
        [[[2.0, 8.0]]]
    """
    _check(x, regions)
    N, C = x.shape[:2]
    S = int(regions.max()) + 1
    place = regions.flatten(1)[:, None]  # (N, 1, P)
    sums = x.new_zeros(N, C, S).scatter_add(2, place.expand(N, C, -1), x.flatten(2))
    pixels = x.new_zeros(N, 1, S).scatter_add(2, place, torch.ones_like(x.flatten(2)[:, :1]))
    return sums / pixels.clamp(min=1)


def superpixel_smooth2d(x: Tensor, regions: Tensor) -> Tensor:
    """Give every pixel the mean of its super-pixel: within-super-pixel smoothing.

    All pixels of a super-pixel get the same scores and therefore the same label.
    Smoothing twice changes nothing more, and the mean over the image stays.

    Shape:
        x:       (N, C, H, W)       float dtype
        regions: (N, H, W)  int64   which super-pixel a pixel belongs to, from 0
        return:  shape and dtype of x

    Raises:
        ShapeError: A shape is wrong.
        OptionError: x is no float, or regions are no int64 from 0.

    Example:
        >>> x, regions = torch.tensor([[[[1.0, 3.0, 8.0]]]]), torch.tensor([[[0, 0, 1]]])
        >>> superpixel_smooth2d(x, regions).tolist()
        [[[[2.0, 2.0, 8.0]]]]

    Source:
        Liang et al., "Human Parsing with Contextualized Convolutional Neural Network", ICCV 2015.
    """
    return _spread(superpixel_mean2d(x, regions), regions)


def superpixel_neighbours(regions: Tensor) -> Tensor:
    """Find which super-pixels touch: some pixel of one is above, below, left or right of one of the other.

    Shape:
        regions: (N, H, W)  int64   from 0
        return:  (N, S, S)  bool    symmetric; none is its own neighbour

    Raises:
        ShapeError: regions are no batch of maps.
        OptionError: They are no int64 from 0.

    Example:
        >>> superpixel_neighbours(torch.tensor([[[0, 0, 1, 2]]])).int().tolist()
        [[[0, 1, 0], [1, 0, 1], [0, 1, 0]]]
    """
    _check_regions(regions)
    N = regions.shape[0]
    S = int(regions.max()) + 1
    touch = torch.zeros(N, S * S, dtype=torch.bool, device=regions.device)
    for one, other in ((regions[:, 1:], regions[:, :-1]), (regions[:, :, 1:], regions[:, :, :-1])):
        touch.scatter_(1, (one * S + other).flatten(1), True)
    touch = touch.reshape(N, S, S)
    return (touch | touch.mT) & ~torch.eye(S, dtype=torch.bool, device=regions.device)


def superpixel_vote2d(
    x: Tensor, regions: Tensor, appearance: Tensor, *, share: float = 0.3, bandwidth: float = 0.1
) -> Tensor:
    """Let the neighbours of each super-pixel vote on its scores: cross-super-pixel neighbourhood voting.

        y[p] = (1 - share) * x[p] + share * sum over t of w(s, t) z_t / sum over t of w(s, t)
        w(s, t) = exp(-|a_s - a_t|^2 / (2 * bandwidth^2)),   p in s, t a neighbour of s

    z is the mean of x in a super-pixel and a that of `appearance`, the image say:
    a neighbour that looks alike has more of a say.  A super-pixel without
    neighbours keeps its scores.

    Shape:
        x:          (N, C, H, W)       float dtype
        regions:    (N, H, W)  int64   which super-pixel a pixel belongs to, from 0
        appearance: (N, D, H, W)       dtype of x
        return:     shape and dtype of x

    Args:
        share: How much the neighbours count together, 0 to 1.
        bandwidth: Distance of appearances at which a vote has fallen to exp(-1/2); above 0.

    Raises:
        ShapeError: A shape is wrong.
        OptionError: A dtype or number is wrong.

    Example:
        >>> x, regions = torch.tensor([[[[0.0, 4.0, 8.0]]]]), torch.tensor([[[0, 1, 2]]])
        >>> superpixel_vote2d(x, regions, torch.zeros_like(x), share=0.5).flatten().tolist()
        [2.0, 4.0, 6.0]

    Source:
        The idea: Liang et al., ICCV 2015.  The weights are ours, after that description.
    """
    require_votes(share, bandwidth)
    means, looks = superpixel_mean2d(x, regions), superpixel_mean2d(appearance, regions)  # (N, C, S), (N, D, S)
    touch = superpixel_neighbours(regions)
    distance = (looks[:, :, :, None] - looks[:, :, None]).square().sum(1)  # (N, S, S)
    heard = touch.any(2)  # (N, S): whether there is anybody to vote
    logits = (-distance / (2 * bandwidth**2)).masked_fill(~touch, float("-inf"))
    # A softmax divides by the sum, also where all neighbours look so different that each weight is 0 alone.
    votes = torch.softmax(logits.masked_fill(~heard[:, :, None], 0), 2)  # (N, S, S)
    voted = _spread(means @ votes.mT, regions)  # (N, C, H, W)
    return x + share * _spread(heard[:, None].to(x.dtype), regions) * (voted - x)


def require_votes(share: float, bandwidth: float) -> None:
    """Demand options that `superpixel_vote2d` can work with.

    Raises:
        OptionError: `share` is no number from 0 to 1, or `bandwidth` none above 0.
    """
    require_number("share", share, 0, 1)
    require_number("bandwidth", bandwidth, 0)
    if bandwidth == 0:
        raise OptionError("bandwidth", "a number above 0", repr(bandwidth))


def _spread(values: Tensor, regions: Tensor) -> Tensor:
    """Give each pixel the values (N, C, S) of its super-pixel."""
    N, C = values.shape[:2]
    return values.gather(2, regions.flatten(1)[:, None].expand(N, C, -1)).reshape(N, C, *regions.shape[1:])


def _check(x: Tensor, regions: Tensor) -> None:
    require_image("x", x)
    require_float("x", x)
    wanted = (x.shape[0], *x.shape[2:])
    if tuple(regions.shape) != wanted:
        raise ShapeError("regions", f"{wanted}, one super-pixel for every pixel of x", repr(tuple(regions.shape)))
    _check_regions(regions)


def _check_regions(regions: Tensor) -> None:
    if regions.ndim != 3 or 0 in regions.shape:
        raise ShapeError("regions", "(N, H, W) with N, H, W of at least 1", repr(tuple(regions.shape)))
    if regions.dtype != torch.int64:
        raise OptionError("regions", "the dtype torch.int64", str(regions.dtype), "regions.long() converts it")
    if int(regions.min()) < 0:
        raise OptionError("regions", "numbers from 0", repr(int(regions.min())))
