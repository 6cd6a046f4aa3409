"""A deformable part model as layers: filters, distance-transform pooling, object geometry, maxout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError, require_at_least
from reference.geometry import Pair
from reference.layers import distance_transform_pool2d

INITIAL_COST = 0.1  # of dx^2 and dy^2; dx and dy start free


@dataclass(frozen=True, slots=True)
class Component:
    """One aspect of an object: the side view of a bicycle, say.

    Args:
        root: Rows and columns of the root filter, in cells of the features.
        anchors: Where each part's top left cell would like to be, (row, column) from the root's top left cell, in
            cells of the level that parts are found on.
    """

    root: tuple[int, int]
    anchors: tuple[tuple[int, int], ...]


class Level(NamedTuple):
    """What a `PartModel` says about one level of a pyramid.

    Shape:
        number:     which level it is, 0 for the finest
        scores:     (N, H, W)         best score of an object whose root's top left cell is here; minus infinity
                                      where none fits
        components: (N, H, W)  int64  the component that it is from
    """

    number: int
    scores: Tensor
    components: Tensor


class PartComponent(nn.Module):
    """Score one component at every place: its root, and for each part the best place near its anchor.

        score[i, j] = b + root[i, j] + sum over p of D_p[s*i + row_p, s*j + column_p]
        D_p[i, j]   = max over (di, dj) of part_p[i + di, j + dj] - price_p(di, dj)
        price_p     = a*dj^2 + b*dj + e*di^2 + f*di,    a and e never negative

    s is 1 if parts are found on the root's own level, and 2 if they are found one
    octave finer.  The sum is the paper's object geometry layer: a convolution with
    filters that are 1 at the anchor and 0 elsewhere, so that adding up what stands
    there is all of it.

    Shape:
        coarse: (N, C, H, W), where the root is
        fine:   (N, C, H_f, W_f), where the parts are: `coarse` itself, or twice as large
        return: (N, H - rows + 1, W - columns + 1) of the root; minus infinity where a part has no place
    """

    def __init__(
        self,
        channels: int,
        component: Component,
        part_size: tuple[int, int],
        *,
        part_octaves: int,
        reach: Pair | None,
        padding: int,
    ) -> None:
        super().__init__()
        self.component = component
        self.step = 2**part_octaves
        self.reach = reach
        self.shift = (self.step - 1) * padding  # a border of cells is as wide on the fine level as on the coarse one
        parts = len(component.anchors)
        self.root = nn.Conv2d(channels, 1, component.root)
        self.parts = nn.Conv2d(channels, parts, part_size, bias=False)
        square = math.log(math.expm1(INITIAL_COST))  # softplus gives INITIAL_COST
        self.deformation = nn.Parameter(torch.tensor([square, 0.0, square, 0.0]).repeat(parts, 1))

    @property
    def costs(self) -> Tensor:
        """The price of dx^2, dx, dy^2 and dy for each part, (parts, 4); those of squares are above 0 whatever is learned."""
        squares = F.softplus(self.deformation)
        return torch.stack([squares[:, 0], self.deformation[:, 1], squares[:, 2], self.deformation[:, 3]], dim=1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Filter, deform, and put together."""
        score: Tensor = self.root(coarse)[:, 0]  # (N, H_out, W_out)
        H, W = score.shape[1:]
        places = distance_transform_pool2d(self.parts(fine), self.costs, reach=self.reach).y
        for place, (row, column) in zip(places.unbind(1), self.component.anchors, strict=True):
            place = _sampled(place, 1, row - self.shift, self.step, H)
            score = score + _sampled(place, 2, column - self.shift, self.step, W)
        return score

    def fits(self, coarse: Tensor, fine: Tensor) -> bool:
        """Whether the root and a part find room."""
        rows, columns = self.component.root
        k_h, k_w = self.parts.kernel_size
        return (
            coarse.shape[2] >= rows
            and coarse.shape[3] >= columns
            and fine.shape[2] >= k_h
            and fine.shape[3] >= int(k_w)
        )


class PartModel(nn.Module):
    """Score an object at every place of a feature pyramid: the best of its components.

    The paper unrolls the inference of a deformable part model into layers: root and
    part filters are convolutions, the search for parts is distance-transform pooling
    (a max pooling whose window is learned), geometry is a sparse convolution, and
    the choice of a component is maxout.  All of it is differentiable.

    Shape:
        pyramid: several (N, channels, H, W), the finest first, `levels_per_octave` of them to half the size
        return:  a `Level` for each on which a component fits and that has a level of parts

    Args:
        channels: Channels of the features.
        components: The aspects, each with its root and anchors.
        part_size: Rows and columns of each part filter.
        part_octaves: 0 finds parts on the root's level, as the paper's release does; 1 finds them at twice the
            resolution, as deformable part models on HOG do: the finest octave then holds no roots.
        levels_per_octave: Levels from one size to half of it; 2 in the release, a factor of sqrt(2) each.
        reach: Farthest that a part may stray, in cells; None for no bound but the price.  The release bounds it.
        padding: Cells of border that the levels have on every side, which anchors on a finer level must know.

    Raises:
        OptionError: A number is no integer of its range, there is no component, or an anchor puts a part outside the root.
        ShapeError: From calling it: no component fits on any level, or a level has other channels.

    Example:
        >>> model = PartModel(4, (Component((3, 3), ((0, 0), (0, 1))),), part_size=(2, 2))
        >>> levels = model([torch.zeros(1, 4, 8, 7), torch.zeros(1, 4, 4, 3), torch.zeros(1, 4, 2, 2)])
        >>> [tuple(level.scores.shape) for level in levels]
        [(1, 6, 5), (1, 2, 1)]

    Source:
        Girshick, Iandola, Darrell and Malik, "Deformable Part Models are Convolutional Neural Networks",
        CVPR 2015, arXiv:1409.5403, section 2.2 and its figures; what the text leaves open follows
        github.com/rbgirshick/dp-dpm (gdetect_dp.m).
    """

    def __init__(
        self,
        channels: int,
        components: Sequence[Component],
        *,
        part_size: tuple[int, int] = (3, 3),
        part_octaves: int = 0,
        levels_per_octave: int = 2,
        reach: Pair | None = None,
        padding: int = 0,
    ) -> None:
        super().__init__()
        require_at_least("channels", channels, 1)
        require_at_least("levels_per_octave", levels_per_octave, 1)
        require_at_least("padding", padding, 0)
        require_at_least("part_octaves", part_octaves, 0)
        if part_octaves > 1:
            raise OptionError("part_octaves", "0 or 1", repr(part_octaves))
        _check(components, part_size, 2**part_octaves)
        self.channels = channels
        self.roots = tuple(component.root for component in components)
        self.finer = part_octaves * levels_per_octave
        self.components = nn.ModuleList(
            PartComponent(channels, component, part_size, part_octaves=part_octaves, reach=reach, padding=padding)
            for component in components
        )

    def forward(self, pyramid: Sequence[Tensor]) -> list[Level]:
        """Score every level."""
        for maps in pyramid:
            if maps.ndim != 4 or maps.shape[1] != self.channels:
                raise ShapeError("pyramid", f"levels of (N, {self.channels}, H, W)", repr(tuple(maps.shape)))
        levels = []
        for number in range(self.finer, len(pyramid)):
            coarse, fine = pyramid[number], pyramid[number - self.finer]
            scores = {n: part(coarse, fine) for n, part in enumerate(self.components) if part.fits(coarse, fine)}  # type: ignore[operator]
            if scores:
                levels.append(Level(number, *_maxout(scores)))
        if not levels:
            rows, columns = (min(root[axis] for root in self.roots) for axis in (0, 1))
            raise ShapeError(
                "pyramid",
                f"a level {self.finer} or coarser that holds a root, {rows} x {columns} cells or more",
                repr([tuple(maps.shape[2:]) for maps in pyramid]),
                "enlarge the image, or give fewer octaves to the parts",
            )
        return levels


def latent_svm_loss(levels: Sequence[Level], labels: Tensor) -> Tensor:
    """Charge each image by its best place: objects should score above 1, images without below -1.

        loss = mean over n of max(0, 1 - y[n] * max over all levels and places of score[n])

    Where the object is, and where its parts are, is latent: the maximum chooses.
    The margin's other half, the square of the weights, is the optimizer's weight decay.

    Shape:
        levels: of a `PartModel`, N images
        labels: (N,)  +1 for an object, -1 for none
        return: ()

    Raises:
        ShapeError: There are no levels, or not one label an image.
        OptionError: A label is neither 1 nor -1.

    Example:
        >>> level = Level(0, torch.tensor([[[0.5, -2.0]], [[-3.0, -4.0]]]), torch.zeros(2, 1, 2, dtype=torch.int64))
        >>> latent_svm_loss([level], torch.tensor([1, -1])).item()
        0.25

    Source:
        Felzenszwalb et al., "Object Detection with Discriminatively Trained Part Based Models", PAMI
        2010, section 4; the paper trains by it on fixed features.
    """
    if not levels or labels.shape != levels[0].scores.shape[:1]:
        images = len(levels[0].scores) if levels else 0
        raise ShapeError("labels", f"({images},), one an image", repr(tuple(labels.shape)))
    if not bool((labels.abs() == 1).all()):
        raise OptionError("labels", "1 for an object and -1 for none", repr(sorted(set(labels.tolist()))))
    best = torch.stack([level.scores.flatten(1).amax(1) for level in levels]).amax(0)  # (N,)
    return F.relu(1 - labels * best).mean()


def _maxout(scores: dict[int, Tensor]) -> tuple[Tensor, Tensor]:
    """The best component at every place; a large root has fewer places than a small one, and loses at the others."""
    H, W = (max(score.shape[axis] for score in scores.values()) for axis in (1, 2))
    filled = [
        F.pad(score, (0, W - score.shape[2], 0, H - score.shape[1]), value=-torch.inf) for score in scores.values()
    ]
    best, which = torch.stack(filled).max(0)  # (N, H, W)
    return best, torch.tensor(tuple(scores), device=best.device)[which]


def _sampled(place: Tensor, axis: int, start: int, step: int, count: int) -> Tensor:
    """Every step-th position of one axis from `start` on, minus infinity where there is none."""
    before = max(0, -start)
    after = max(0, start + step * (count - 1) + 1 - place.shape[axis])
    border = (0, 0, before, after) if axis == 1 else (before, after, 0, 0)
    place = F.pad(place, border, value=-torch.inf)
    first = start + before
    positions = slice(first, first + step * (count - 1) + 1, step)
    return place[:, positions] if axis == 1 else place[:, :, positions]


def _check(components: Sequence[Component], part_size: tuple[int, int], step: int) -> None:
    if not components:
        raise OptionError("components", "one or more", "none")
    for component in components:
        for axis in (0, 1):
            require_at_least("components", component.root[axis], 1, "a root has rows and columns")
            require_at_least("part_size", part_size[axis], 1)
            most = step * component.root[axis] - part_size[axis]
            if component.anchors and most < 0:
                raise OptionError(
                    "part_size", f"at most {step * component.root[axis]} on axis {axis}, the root's", repr(part_size)
                )
            for anchor in component.anchors:
                if not 0 <= anchor[axis] <= most:
                    raise OptionError(
                        "components",
                        f"anchors from 0 to {most} on axis {axis}, so that the part lies in the root",
                        repr(anchor),
                    )
