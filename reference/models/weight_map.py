"""The weights of U-Net's loss: rare classes count more, and most of all the gaps between cells that nearly touch."""

from __future__ import annotations

import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers import cross_entropy
from reference.layers.operand import require_like, require_number

ROWS = 64  # of an image that are measured at once


def separation_weights(
    cells: Tensor, *, class_weights: Tensor | None = None, w0: float = 10.0, sigma: float = 5.0
) -> Tensor:
    """Weight every pixel of a picture of cells so that a net learns to keep the cells apart.

        w(x) = w_c(x) + w0 * exp(-(d1(x) + d2(x))^2 / (2*sigma^2))

    d1 and d2 are the distances in pixels to the borders of the nearest and of the
    second nearest cell; a border pixel has a neighbour above, below or beside it
    that is not of its cell.  With fewer than two cells the second part is 0.

    The paper does not print how w_c balances the classes: here background and
    cells, where there are both, share the weight of the image equally.

    Shape:
        cells:         (N, H, W)  int64    0 for the background, 1, 2, ... for each cell
        class_weights: (2,)                w_c of background and of cells; None balances each image
        return:        (N, H, W)           float32, or dtype of class_weights

    Args:
        w0: Height of the wall between two cells.
        sigma: Its reach in pixels.

    Raises:
        ShapeError: cells is no batch of planes, or class_weights are not two.
        OptionError: cells are no int64 of at least 0, or a number is of no use.

    Example:
        >>> cells = torch.tensor([[[1, 0, 2, 2, 2, 2, 2, 2, 2]]])
        >>> weights = separation_weights(cells, class_weights=torch.ones(2))
        >>> round(weights[0, 0, 1].item(), 2)  # d1 = d2 = 1
        10.23

    Source:
        Ronneberger, Fischer and Brox, "U-Net", arXiv:1505.04597, equation 2 and section 3.
    """
    if cells.ndim != 3 or 0 in cells.shape[1:]:
        raise ShapeError("cells", "(N, H, W), one number a pixel", repr(tuple(cells.shape)))
    if cells.dtype != torch.int64 or (cells.numel() and int(cells.min()) < 0):
        raise OptionError("cells", "int64 of at least 0", f"{cells.dtype}", "0 is the background")
    require_number("w0", w0, 0)
    require_number("sigma", sigma, 1e-9)
    if class_weights is None:
        balance = torch.stack([_balance(plane > 0) for plane in cells])  # (N, 2)
    else:
        require_like("class_weights", class_weights, class_weights.new_empty(0), (2,), "background and cells")
        balance = class_weights.expand(len(cells), 2)
    of_class = torch.where(cells > 0, balance[:, 1, None, None], balance[:, 0, None, None])
    wall = torch.stack([_wall(plane, sigma).to(of_class.dtype) for plane in cells])
    return of_class + w0 * wall


def weighted_cross_entropy(scores: Tensor, labels: Tensor, weights: Tensor, *, ignore_label: int = 255) -> Tensor:
    """Charge every pixel's true class, each pixel with its own weight.

        loss = 1/pixels * sum over pixels x of -w(x) * log p(label(x), x),   p the softmax of the scores

    The paper's sum, with the sign that makes it a loss, divided by the pixels.

    Shape:
        scores:  (N, L, H, W)        float dtype
        labels:  (N, H, W)    int64
        weights: (N, H, W)           dtype of scores
        return:  ()

    Raises:
        ShapeError: labels or weights do not fit the scores.
        OptionError: A dtype is wrong, or a label is no class.

    Source:
        Ronneberger et al., arXiv:1505.04597, equation 1.
    """
    charge = cross_entropy(scores, labels, ignore_label=ignore_label, reduction="none")
    require_like("weights", weights, scores, tuple(labels.shape), "one number a pixel")
    return (weights * charge).mean()


def _balance(is_cell: Tensor) -> Tensor:
    """Weights of background and cells, such that they average 1 over the image."""
    share = torch.stack([~is_cell, is_cell]).flatten(1).float().mean(1)
    present = share > 0
    return torch.where(present, 1 / (present.sum() * share.clamp(min=1e-30)), torch.zeros_like(share))


def _wall(plane: Tensor, sigma: float) -> Tensor:
    """exp(-(d1 + d2)^2 / (2*sigma^2)) of one image."""
    names = set(plane.flatten().tolist()) - {0}
    if len(names) < 2:
        return torch.zeros(plane.shape, device=plane.device)
    distances = [_distance(_border(plane == name)) for name in sorted(names)]
    d1, d2 = torch.stack(distances).topk(2, dim=0, largest=False).values
    return torch.exp(-(d1 + d2).square() / (2 * sigma**2))


def _border(cell: Tensor) -> Tensor:
    """Where a pixel of the cell has one of its four neighbours outside it; beyond the image lies nothing."""
    outside = torch.zeros_like(cell)
    outside[1:] |= ~cell[:-1]
    outside[:-1] |= ~cell[1:]
    outside[:, 1:] |= ~cell[:, :-1]
    outside[:, :-1] |= ~cell[:, 1:]
    return cell & outside


def _distance(border: Tensor) -> Tensor:
    """From every pixel to the nearest one of a border."""
    H, W = border.shape
    y, x = border.nonzero().float().unbind(1)  # (B,)
    across = (torch.arange(W, device=border.device)[:, None] - x).square()  # (W, B)
    rows = []
    for first in range(0, H, ROWS):
        i = torch.arange(first, min(first + ROWS, H), device=border.device)
        rows.append(((i[:, None] - y).square()[:, None] + across).amin(-1))  # (rows, W)
    return torch.cat(rows).sqrt()
