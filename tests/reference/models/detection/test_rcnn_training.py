"""R-CNN's three trainings, each with its own idea of what an object is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.errors import ShapeError
from reference.layers import box_iou, decode_boxes, encode_boxes
from reference.models.detection import rcnn_training as module
from reference.models.detection.rcnn import RCNN, RegionFeatures
from reference.models.detection.rcnn_training import (
    Scene,
    finetune,
    finetune_loss,
    fit_ridge,
    train_regressors,
    train_svms,
)
from reference.models.detection.result import GroundTruth
from reference.models.detection.svm import LinearSVM
from tests.scenes import awaken, jitter, scenes, seeded, to_device
from tests.smoke import DEVICES, assert_learns


def small() -> RCNN:
    torch.manual_seed(0)
    net = RCNN(num_classes=4, width=6)
    awaken(net.cnn)
    return net


def scene(count: int = 6) -> Scene:
    x, truth = scenes(1, inclusive=True)
    return Scene(x - 0.3, [jitter(one.boxes, count, 64) for one in truth], truth)


def weights(part: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in part.parameters()])


@pytest.mark.parametrize("device", DEVICES)
def test_fine_tuning_learns_regions(device: str):
    net, given = small().to(device), scene()
    given = Scene(given.x.to(device), [box.to(device) for box in given.proposals], to_device(given.truth, device))
    assert_learns(
        lambda: finetune_loss(net, given, count=8, generator=seeded()), net.cnn.parameters(), steps=6, lr=0.003
    )


def test_fine_tuning_touches_the_net_alone():
    net = small()
    before = copy.deepcopy(net)
    losses = finetune(net, [scene()], lr=0.003, passes=2, count=4, generator=seeded())
    assert len(losses) == 2
    assert not torch.equal(weights(net.cnn), weights(before.cnn))
    for part in ("svms", "regressors"):
        assert torch.equal(weights(net.get_submodule(part)), weights(before.get_submodule(part)))


def test_fine_tuning_draws_a_quarter_of_objects_and_has_a_background(monkeypatch: pytest.MonkeyPatch):
    net, labels = small(), []
    x, truth = scenes(1, inclusive=True)
    corners = torch.randint(0, 60, (150, 2)).float()
    small_boxes = torch.cat([corners, corners + 3], 1)  # too small for any object
    given = Scene(x, [torch.cat([jitter(truth[0].boxes, 200, 64), small_boxes])], truth)
    monkeypatch.setattr(net, "warp", lambda x, boxes: x.new_zeros(sum(map(len, boxes)), 3, 227, 227))
    monkeypatch.setattr(net, "cnn", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4)))
    monkeypatch.setattr(module.F, "cross_entropy", lambda scores, target: (labels.append(target), scores.sum())[1])
    finetune_loss(net, given)
    assert len(labels[0]) == 128
    assert int((labels[0] > 0).sum()) == 32  # and 96 of background


def fake_features(net: RCNN, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that say which region it is: its four corners, far quicker than the net."""
    monkeypatch.setattr(net, "warp", lambda x, boxes: torch.cat(list(boxes)))
    monkeypatch.setattr(net, "features", lambda boxes: RegionFeatures(boxes.float(), boxes.float()))


def test_svms_learn_true_boxes_against_regions_below_three_tenths(monkeypatch: pytest.MonkeyPatch):
    net, seen = small(), []
    fake_features(net, monkeypatch)

    def remember(positive: Tensor, negatives: list[Tensor], options: Any) -> LinearSVM:
        seen.append((positive, torch.cat(list(negatives))))
        return LinearSVM(torch.full((256,), float(len(seen))), torch.tensor(-float(len(seen))))

    monkeypatch.setattr(module, "mine_svm", remember)
    truth = GroundTruth(torch.tensor([[0.0, 0.0, 9.0, 9.0], [30.0, 30.0, 39.0, 39.0]]), torch.tensor([1, 2]))
    regions = torch.tensor(
        [
            [0.0, 0.0, 9.0, 8.0],  # 0.9 with the first: neither for class 1, negative for class 2
            [0.0, 0.0, 9.0, 2.0],  # 0.3: neither
            [0.0, 0.0, 9.0, 1.0],  # 0.2: negative for both
            [30.0, 30.0, 39.0, 39.0],  # the second: negative for class 1
        ]
    )
    train_svms(net, [Scene(torch.zeros(1, 3, 50, 50), [regions], [truth])])
    factor = net.fc7_factor.item()
    lengths = torch.cat([truth.boxes, regions]).norm(dim=1)
    assert factor == pytest.approx(20 / lengths.mean().item())
    assert len(seen) == 2  # class 3 has no object and keeps what it has
    torch.testing.assert_close(seen[0][0], factor * truth.boxes[:1])  # not the region of 0.9
    torch.testing.assert_close(seen[0][1], factor * regions[[2, 3]])
    torch.testing.assert_close(seen[1][1], factor * regions[[0, 1, 2]])
    assert net.svms.weight[:, 0].tolist() == [1.0, 2.0, 0.0]
    assert net.svms.bias.tolist() == [-1.0, -2.0, 0.0]


def test_regressors_learn_from_near_regions_of_their_class(monkeypatch: pytest.MonkeyPatch):
    net, seen = small(), []
    fake_features(net, monkeypatch)

    def remember(features: Tensor, targets: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
        seen.append((features, targets, ridge))
        return torch.full((4, net.regressors.in_features), float(len(seen))), torch.zeros(4)

    monkeypatch.setattr(module, "fit_ridge", remember)
    truth = GroundTruth(torch.tensor([[0.0, 0.0, 9.0, 9.0], [30.0, 30.0, 39.0, 39.0]]), torch.tensor([1, 3]))
    regions = torch.tensor([[0.0, 0.0, 9.0, 8.0], [0.0, 0.0, 9.0, 5.0], [30.0, 30.0, 38.0, 39.0]])
    train_regressors(net, [Scene(torch.zeros(1, 3, 50, 50), [regions], [truth])])
    assert len(seen) == 2
    torch.testing.assert_close(seen[0][0], net.pool5_factor * regions[:1])  # an IoU of exactly 0.6 is not enough
    torch.testing.assert_close(seen[0][1], encode_boxes(truth.boxes[:1], regions[:1], inclusive=True))
    torch.testing.assert_close(seen[1][0], net.pool5_factor * regions[2:])
    assert seen[0][2] == 1000
    assert net.regressors.weight[:, 0].tolist() == 4 * [1.0] + 4 * [0.0] + 4 * [2.0]  # four for each class


@pytest.mark.parametrize("shape", [(20, 4), (5, 9)])
def test_ridge_is_the_solution_of_the_normal_equations(shape: tuple[int, int]):
    torch.manual_seed(0)
    features, targets = torch.randn(shape).double(), torch.randn(shape[0], 4).double()
    weight, bias = fit_ridge(features, targets, 3.0)
    x = torch.cat([features, torch.ones(shape[0], 1).double()], 1)
    mean = targets.mean(0)
    beta = torch.linalg.inv(x.T @ x + 3 * torch.eye(x.shape[1]).double()) @ x.T @ (targets - mean)
    torch.testing.assert_close(weight, beta[:-1].T)
    torch.testing.assert_close(bias, beta[-1] + mean)


def test_ridge_without_a_penalty_goes_through_the_points_and_with_a_huge_one_says_the_mean():
    features = torch.tensor([[1.0], [2.0], [4.0]])
    targets = 3 * features * torch.ones(1, 4) + 5
    weight, bias = fit_ridge(features, targets, 1e-9)
    torch.testing.assert_close(features.double() @ weight.T + bias, targets.double())
    weight, bias = fit_ridge(features, targets, 1e12)
    torch.testing.assert_close(features.double() @ weight.T + bias, targets.double().mean(0).expand(3, 4))


def test_three_trainings_one_after_the_other_find_the_objects():
    net, given = small(), scene(10)
    finetune(net, [given], lr=0.003, passes=2, count=6, generator=seeded())
    before = weights(net.cnn)
    train_svms(net, [given])
    trained_svms = weights(net.svms)
    assert trained_svms.any()
    train_regressors(net, [given], ridge=1.0)
    assert torch.equal(weights(net.svms), trained_svms)
    assert weights(net.regressors).any()
    assert torch.equal(weights(net.cnn), before)  # SVMs and regressors stand on fixed features
    truth = given.truth[0]
    scores = net(given.x, [truth.boxes]).scores  # the true boxes themselves: positives of their own class
    own = scores[torch.arange(len(truth.labels)), truth.labels - 1]
    others = scores.masked_fill(torch.nn.functional.one_hot(truth.labels - 1, 3).bool(), -torch.inf).amax(1)
    assert (own > others).float().mean() >= 0.5
    found = net.detect(given.x, given.proposals, score_threshold=-2.0)[0]
    assert len(found.labels) > 0


def test_a_corrected_box_is_nearer_to_its_object():
    net, given = small(), scene(10)
    train_regressors(net, [given], ridge=1e-3)
    truth, regions = given.truth[0], given.proposals[0]
    best, nearest = box_iou(regions, truth.boxes, inclusive=True).max(1)
    near = best > 0.6
    offsets = net(given.x, [regions]).offsets[near, truth.labels[nearest[near]] - 1]
    moved = decode_boxes(offsets, regions[near], inclusive=True)
    after = box_iou(moved, truth.boxes, inclusive=True).max(1).values
    assert near.any()
    assert (after >= best[near] - 1e-3).all()
    assert after.mean() > best[near].mean()


def test_scenes_that_do_not_fit_are_named():
    given = scene()
    with pytest.raises(ShapeError, match=r"proposals: expected boxes \(K, 4\) for each of 1 images, got none"):
        train_svms(small(), [given._replace(proposals=[])])
    with pytest.raises(ShapeError, match="truth: expected one record for each of 1 images, got 0"):
        finetune_loss(small(), given._replace(truth=[]))
