"""Two ways to train Faster R-CNN so that proposals and detector share their convolutions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from reference.models.detection.faster_rcnn import FasterRCNN
from reference.models.detection.result import GroundTruth

Batch = tuple[Tensor, Sequence[GroundTruth]]
"""Images and the objects of each."""


class TrainingOptions(NamedTuple):
    """Stochastic gradient descent as in the paper's section 3.1.3, and the times that the batches are gone through."""

    lr: float = 0.001
    momentum: float = 0.9
    weight_decay: float = 0.0005
    passes: int = 1


PAPER = TrainingOptions()


class Alternation(NamedTuple):
    """A net trained in four steps, and the losses of each step."""

    net: FasterRCNN
    losses: tuple[list[float], list[float], list[float], list[float]]


def train_jointly(
    net: FasterRCNN,
    batches: Sequence[Batch],
    options: TrainingOptions = PAPER,
    *,
    generator: torch.Generator | None = None,
) -> list[float]:
    """Train all layers at once on the sum of the four losses, in place.

    The convolutions get the gradients of both; the corners of the proposals count
    as constants, which is what makes it approximate.

    Args:
        net: The net, its convolutions pre-trained.
        batches: What it learns.
        options: How.
        generator: What draws.

    Returns:
        The loss of every step.

    Source:
        Ren et al., arXiv:1506.01497v3, section 3.2 (ii).
    """
    net.train()
    return _descend(net.parameters(), batches, options, lambda x, truth: net.loss(x, truth, generator=generator).total)


def train_alternating(
    net: FasterRCNN,
    batches: Sequence[Batch],
    options: TrainingOptions = PAPER,
    *,
    count: int = 128,
    generator: torch.Generator | None = None,
) -> Alternation:
    """Train in the paper's four steps, which end in one trunk for both.

        1  the region proposal network, with a trunk of its own from the pre-trained one
        2  Fast R-CNN on the proposals of step 1, again from the pre-trained trunk: nothing is shared yet
        3  a new region proposal network on the trunk of step 2, which stays fixed
        4  the layers of Fast R-CNN alone, on the proposals of step 3; the trunk stays fixed

    Args:
        net: The net, its convolutions pre-trained; it stays as it is.
        batches: What it learns.
        options: How, the same for every step.
        count: Regions drawn of each image.
        generator: What draws.

    Source:
        Ren et al., "Faster R-CNN", NIPS 2015, section 3.2, "4-Step Alternating Training".
    """
    proposer, final = copy.deepcopy(net).train(), copy.deepcopy(net).train()
    detector = final.detector

    def anchors(of: FasterRCNN) -> Callable[[Tensor, Sequence[GroundTruth]], Tensor]:
        return lambda x, truth: of.anchor_loss(x, truth, generator=generator).total

    def regions(of: FasterRCNN) -> Callable[[Tensor, Sequence[GroundTruth]], Tensor]:
        def loss(x: Tensor, truth: Sequence[GroundTruth]) -> Tensor:
            with torch.no_grad():  # proposals of a finished step
                proposals = of.choose(of.rpn(of.detector.trunk(x)), (x.shape[2], x.shape[3]))
            features = detector.trunk(x)
            return detector.loss_on(
                features, proposals, truth, count=count, background=(0.0, 0.5), generator=generator
            ).total

        return loss

    first = _descend(
        [*proposer.detector.trunk.parameters(), *proposer.rpn.parameters()], batches, options, anchors(proposer)
    )
    second = _descend(detector.parameters(), batches, options, regions(proposer))
    third = _descend(final.rpn.parameters(), batches, options, anchors(final))
    fourth = _descend(detector.head.parameters(), batches, options, regions(final))
    return Alternation(final, (first, second, third, fourth))


def _descend(
    parameters: Iterable[nn.Parameter],
    batches: Sequence[Batch],
    options: TrainingOptions,
    loss: Callable[[Tensor, Sequence[GroundTruth]], Tensor],
) -> list[float]:
    """Train these parameters and no others; the gradients that reach others are thrown away."""
    trained = list(parameters)
    optimizer = torch.optim.SGD(trained, lr=options.lr, momentum=options.momentum, weight_decay=options.weight_decay)
    losses = []
    for _ in range(options.passes):
        for x, truth in batches:
            value = loss(x, truth)
            gradients = torch.autograd.grad(value, trained, allow_unused=True)
            for parameter, gradient in zip(trained, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
            losses.append(value.item())
    optimizer.zero_grad()
    return losses
