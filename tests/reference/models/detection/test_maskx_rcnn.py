"""Mask^X R-CNN: mask weights from detection weights, no gradient back, classes with and without masks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.layers import correlate2d
from reference.models import parameter_count
from reference.models.detection.faster_rcnn import ProposalOptions
from reference.models.detection.mask import MaskFeatures
from reference.models.detection.maskx_rcnn import MaskXRCNN, TransferMaskHead, WeightTransfer, detection_weights
from reference.models.detection.result import number_boxes
from reference.models.detection.trunk import RegionHead
from tests.scenes import scenes, seeded, to_device
from tests.smoke import DEVICES, assert_learns

FEW = ProposalOptions(before_nms=60, after_nms=20, least_side=1)


def small(**options: Any) -> MaskXRCNN:
    chosen = {"num_classes": 4, "masked_classes": (1, 3), "width": 1, "depth": 18, "testing": FEW, "training": FEW}
    return MaskXRCNN(**(chosen | {"freeze_norm": False} | options))


@pytest.mark.parametrize("num_classes", [3, 81, 3001])
def test_the_transfer_has_the_same_count_for_any_number_of_classes(num_classes: int):
    with torch.device("meta"):
        net = MaskXRCNN(num_classes, (1, 2))
    assert net.mask_head.transfer.in_features == 5120
    assert parameter_count(net.mask_head.transfer) == published("maskx_rcnn.transfer_parameters").value == 1_376_768


def test_the_mask_head_has_no_weights_of_a_class():
    with torch.device("meta"):
        counts = {parameter_count(MaskXRCNN(classes, (1,), width=1).mask_head) for classes in (3, 81)}
    assert len(counts) == 1


def test_the_transfer_by_hand():
    net = WeightTransfer(20, 6, 5).double()
    w_det = torch.randn(3, 20, dtype=torch.float64)
    hidden = w_det @ net.first.weight.T + net.first.bias
    hidden = torch.where(hidden > 0, hidden, 0.1 * hidden)  # LeakyReLU once, not after the last layer
    torch.testing.assert_close(net(w_det), hidden @ net.second.weight.T + net.second.bias)
    assert (net(w_det) < 0).any()


def test_detection_weights_are_the_scores_and_four_boxes_of_each_class():
    head = RegionHead(2, 6, 4)
    w_det = detection_weights(head)
    assert w_det.shape == (3, 30)
    assert torch.equal(w_det[1, :6], head.cls_score.weight[2])  # class 2; the background is left out
    assert torch.equal(w_det[1, 6:], head.bbox_pred.weight[8:12].flatten())
    assert not w_det.requires_grad


def test_masks_are_predicted_weights_on_features_plus_one_mask_for_all():
    net = TransferMaskHead(10, 2, 3).double()
    pooled, w_det = torch.randn(2, 2, 14, 14).double(), torch.randn(4, 10).double()
    logits = net.read(pooled, w_det)
    features = MaskFeatures.forward(net, pooled)
    weights = net.transfer(w_det)
    fcn = correlate2d(features, weights[:, :, None, None])  # no bias
    mlp = (features.flatten(1) @ net.mlp.weight.T + net.mlp.bias).reshape(2, 1, 28, 28)
    assert logits.shape == (2, 4, 28, 28)
    torch.testing.assert_close(logits, fcn + mlp)
    torch.testing.assert_close(logits[:, 1:] - fcn[:, 1:], (logits[:, :1] - fcn[:, :1]).expand(2, 3, 28, 28))


def regions(net: MaskXRCNN) -> tuple[Any, torch.Tensor]:
    levels, anchors = net.look(torch.rand(1, 3, 64, 64))
    return levels, number_boxes(net.choose(anchors, (64, 64)))


def test_changing_the_detection_weights_of_a_class_changes_its_mask_and_no_other():
    net = small().eval()
    levels, rois = regions(net)
    before = net.masks(levels, rois)
    with torch.no_grad():
        net.box_head.cls_score.weight[2] += 1.0
    after = net.masks(levels, rois)
    changed = (after - before).abs().amax((0, 2, 3)) > 1e-6
    assert changed.tolist() == [False, True, False]
    with torch.no_grad():
        net.box_head.bbox_pred.weight[15] += 1.0  # the last of class 3
    assert ((net.masks(levels, rois) - after).abs().amax((0, 2, 3)) > 1e-6).tolist() == [False, False, True]


def test_the_mask_loss_leaves_the_detection_weights_alone():
    net = small()
    x, truth = scenes(2)
    loss = net.loss(x, truth, count=32).masks
    loss.backward()
    assert loss > 0
    assert net.box_head.cls_score.weight.grad is None
    assert net.box_head.bbox_pred.weight.grad is None
    assert all(weight.grad is not None for weight in net.mask_head.parameters())


def test_masks_learn_from_classes_with_masks_alone():
    x, truth = scenes(2, seed=3)
    present = sorted({label for one in truth for label in one.labels.tolist()})
    assert len(present) >= 2
    held = present[0]
    net = small(masked_classes=tuple(label for label in (1, 2, 3) if label != held))
    torch.manual_seed(0)
    loss = net.loss(x, truth, count=32, generator=seeded())
    blank = [
        one._replace(masks=one.masks & (one.labels != held)[:, None, None]) for one in truth if one.masks is not None
    ]
    again = net.loss(x, blank, count=32, generator=seeded())
    torch.testing.assert_close(loss.masks, again.masks)  # what the masks of class `held` are plays no part
    torch.testing.assert_close(loss.regions.classes, again.regions.classes)
    net.masked_classes = (held,)
    assert net.loss(x, truth, count=32, generator=seeded()).masks != loss.masks


def test_pictures_without_a_masked_class_still_train_the_boxes():
    net = small(masked_classes=(1,))
    x, truth = scenes(2)
    others = [one._replace(labels=torch.full_like(one.labels, 2)) for one in truth]
    loss = net.loss(x, others, count=32)
    assert loss.masks == 0
    assert loss.regions.boxes > 0
    loss.total.backward()


def test_classes_without_masks_get_masks_at_test():
    net = small().eval()
    found = net.detect(torch.rand(1, 3, 64, 64), limit=50)[0]
    assert 2 in found.labels.tolist()  # not in set A
    assert found.masks is not None
    assert found.masks.shape == (len(found.labels), 64, 64)
    assert net(torch.rand(1, 3, 64, 64)).masks.shape[1] == 3


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_pictures(device: str):
    net = small().to(device)
    x, truth = scenes(2)
    x, truth = x.to(device), to_device(truth, device)
    assert_learns(lambda: net.loss(x, truth, count=32, generator=seeded()).total, net.parameters(), steps=7, lr=0.1)


def test_the_slope_is_a_tenth():
    net = WeightTransfer(1, 1, 1)
    with torch.no_grad():
        for layer in (net.first, net.second):
            layer.weight.fill_(1.0)
    assert net(torch.tensor([[-5.0]])).item() == pytest.approx(F.leaky_relu(torch.tensor(-5.0), 0.1).item())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small(masked_classes=()), OptionError, r"masked_classes: expected one or more of 1 to 3, got \(\)"),
        (lambda: small(masked_classes=(0,)), OptionError, r"got \(0,\); 0 is the background"),
        (lambda: small(masked_classes=(4,)), OptionError, r"expected one or more of 1 to 3, got \(4,\)"),
        (lambda: WeightTransfer(20)(torch.zeros(3, 4)), ShapeError, r"w_det: expected \(K, 20\), got \(3, 4\)"),
        (lambda: WeightTransfer(hidden=0), OptionError, "hidden: expected an integer of at least 1, got 0"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
