"""R-CNN's three trainings, one after the other: the net, the SVMs, the regressors.

They do not even agree on what an object is:

    fine-tuning   regions with an IoU of at least 0.5 are objects, all others background
    SVMs          only the true boxes are objects; regions below 0.3 are background; between, nothing
    regressors    regions with an IoU above 0.6 learn the way to their object
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from reference.layers.box import box_iou, encode_boxes
from reference.models.detection.fast_rcnn import check_proposals, join_samples
from reference.models.detection.matching import sample_regions
from reference.models.detection.rcnn import LENGTH, RCNN
from reference.models.detection.result import GroundTruth, check_truth
from reference.models.detection.svm import RELEASE, SVMOptions, mine_svm

SVM_NEGATIVE = 0.3
REGRESSOR_POSITIVE = 0.6


class Scene(NamedTuple):
    """Images with their regions and objects.

    Shape:
        x:         (N, in_channels, H, W)
        proposals: for each image (R, 4), inclusive corners
        truth:     for each image
    """

    x: Tensor
    proposals: Sequence[Tensor]
    truth: Sequence[GroundTruth]


def finetune_loss(
    net: RCNN, scene: Scene, *, count: int = 128, fraction: float = 0.25, generator: torch.Generator | None = None
) -> Tensor:
    """Compute the soft-max loss of regions: 32 objects and 96 of background, drawn over all images of the batch.

    Boxes play no part: fine-tuning only classifies.

    Args:
        net: The net; its SVMs and regressors are not touched.
        scene: What it learns.
        count: Regions drawn.
        fraction: Largest share of objects.
        generator: What draws.

    Source:
        Girshick et al., CVPR 2014, section 2.3, "Domain-specific fine-tuning".
    """
    _check(net, scene)
    each = max(1, count // len(scene.x))
    samples = [
        sample_regions(
            boxes.to(scene.x.dtype),
            objects,
            count=each,
            fraction=fraction,
            background=(0.0, 0.5),
            inclusive=True,
            generator=generator,
        )
        for boxes, objects in zip(scene.proposals, scene.truth, strict=True)
    ]
    regions = net.warp(scene.x, [sample.boxes for sample in samples])
    return F.cross_entropy(net.cnn(regions), join_samples(samples).labels)


def finetune(
    net: RCNN,
    scenes: Sequence[Scene],
    *,
    lr: float = 0.001,
    momentum: float = 0.9,
    weight_decay: float = 0.0005,
    passes: int = 1,
    count: int = 128,
    generator: torch.Generator | None = None,
) -> list[float]:
    """Train the convolutional net by stochastic gradient descent, in place; the first of the three trainings.

    The net comes pre-trained on ImageNet, with a new last layer for the classes of
    the detector; hence the small learning rate.

    Returns:
        The loss of every step.

    Source:
        Girshick et al., CVPR 2014, section 2.3.
    """
    net.train()
    optimizer = torch.optim.SGD(net.cnn.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)
    losses = []
    for _ in range(passes):
        for scene in scenes:
            optimizer.zero_grad()
            loss = finetune_loss(net, scene, count=count, generator=generator)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item())
    return losses


@torch.no_grad()
def train_svms(net: RCNN, scenes: Sequence[Scene], options: SVMOptions = RELEASE) -> None:
    """Find one SVM a class on the fixed features fc7, with hard negatives, in place; the second training.

    The true boxes of a class are its positives.  Its negatives are the regions whose
    IoU is below 0.3 with every object of that class, whatever else they show.
    What overlaps a little more, "a bit of a cat", is left out.  A class without
    objects or without negatives keeps the SVM that it has.

    Args:
        net: The fine-tuned net.
        scenes: All images.
        options: Costs of the SVMs.

    Source:
        Girshick et al., CVPR 2014, section 2.3, "Object category classifiers"; 0.3 found on a validation set.
    """
    net.eval()
    positive: list[list[Tensor]] = [[] for _ in range(net.num_classes)]
    negative: list[list[Tensor]] = [[] for _ in range(net.num_classes)]
    lengths = []
    for scene in scenes:
        _check(net, scene)
        for image, proposals, truth in zip(scene.x, scene.proposals, scene.truth, strict=True):
            boxes = torch.cat([truth.boxes.to(image.dtype), proposals.to(image.dtype)])
            fc7 = net.features(net.warp(image[None], [boxes])).fc7
            lengths.append(fc7.norm(dim=1))
            of_truth, of_proposals = fc7[: len(truth.boxes)], fc7[len(truth.boxes) :]
            for label in range(1, net.num_classes):
                mine = truth.labels == label
                positive[label].append(of_truth[mine])
                overlaps = box_iou(boxes[len(truth.boxes) :], boxes[: len(truth.boxes)][mine], inclusive=True)
                far = (overlaps < SVM_NEGATIVE).all(1)  # all regions, where the image has no such object
                negative[label].append(of_proposals[far])
    net.fc7_factor.fill_(_factor(lengths))
    for label in range(1, net.num_classes):
        examples = torch.cat(positive[label]) * net.fc7_factor
        if not len(examples) or not sum(map(len, negative[label])):
            continue
        plane = mine_svm(examples, [part * net.fc7_factor for part in negative[label]], options)
        net.svms.weight[label - 1], net.svms.bias[label - 1] = plane.weight, plane.bias


@torch.no_grad()
def train_regressors(net: RCNN, scenes: Sequence[Scene], *, ridge: float = 1000.0) -> None:
    """Find four linear functions of pool5 for each class that lead from region to object, in place; the third training.

    A region learns from the object that it overlaps most, if by more than 0.6: from
    farther away the way cannot be told.  A class without such regions keeps what it has.

    Args:
        net: The fine-tuned net.
        scenes: All images.
        ridge: The paper's lambda.

    Source:
        Girshick et al., CVPR 2014, appendix C, equations 1 to 5.
    """
    net.eval()
    features, targets, labels, lengths = [], [], [], []
    for scene in scenes:
        _check(net, scene)
        for image, proposals, truth in zip(scene.x, scene.proposals, scene.truth, strict=True):
            if not len(truth.boxes) or not len(proposals):
                continue
            boxes, true_boxes = proposals.to(image.dtype), truth.boxes.to(image.dtype)
            best, nearest = box_iou(boxes, true_boxes, inclusive=True).max(1)
            pool5 = net.features(net.warp(image[None], [boxes])).pool5
            lengths.append(pool5.norm(dim=1))
            near = best > REGRESSOR_POSITIVE
            features.append(pool5[near])
            targets.append(encode_boxes(true_boxes[nearest[near]], boxes[near], inclusive=True))
            labels.append(truth.labels[nearest[near]])
    if not features:
        return
    net.pool5_factor.fill_(_factor(lengths))
    seen, wanted, classes = torch.cat(features) * net.pool5_factor, torch.cat(targets), torch.cat(labels)
    for label in sorted(set(classes.tolist())):
        weight, bias = fit_ridge(seen[classes == label], wanted[classes == label], ridge)
        rows = slice(4 * (label - 1), 4 * label)
        net.regressors.weight[rows], net.regressors.bias[rows] = weight, bias


def fit_ridge(features: Tensor, targets: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Solve linear least squares with a penalty on the weights, in closed form.

        minimise  sum over examples of |W x + b + mean - t|^2 + ridge * (|W|^2 + |b|^2)

    mean is that of the targets, which is not held back; a feature of ones carries
    b.  The release decorrelates the targets too and undoes it afterwards; as the
    solution is linear in the targets, that changes nothing.

    Shape:
        features: (N, F)
        targets:  (N, 4)
        return:   weight (4, F), bias (4,), float64

    Source:
        Girshick et al., CVPR 2014, appendix C, equation 5.
    """
    x = torch.cat([features, torch.ones_like(features[:, :1])], dim=1).double()
    mean = targets.double().mean(0)
    y = targets.double() - mean
    # (X'X + r I)^-1 X'Y = X'(XX' + r I)^-1 Y: the smaller of the two systems
    gram = x @ x.T if len(x) < x.shape[1] else x.T @ x
    gram = gram + ridge * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    solved = x.T @ torch.linalg.solve(gram, y) if len(x) < x.shape[1] else torch.linalg.solve(gram, x.T @ y)
    return solved[:-1].T, solved[-1] + mean


def _factor(lengths: Sequence[Tensor]) -> float:
    mean = float(torch.cat(list(lengths)).mean())
    return LENGTH / mean if mean > 0 else 1.0


def _check(net: RCNN, scene: Scene) -> None:
    check_proposals(scene.proposals, len(scene.x))
    check_truth(scene.truth, len(scene.x), net.num_classes)
