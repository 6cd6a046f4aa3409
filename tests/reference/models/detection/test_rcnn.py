"""R-CNN: a pass for every region, SVMs that decide, boxes corrected class by class."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.layers import clip_boxes, decode_boxes
from reference.models import AlexNet, parameter_count
from reference.models.detection.rcnn import RCNN
from reference.models.detection.warp import warp_regions

BOXES = torch.tensor([[4.0, 4.0, 30.0, 20.0], [10.0, 10.0, 40.0, 40.0], [4.0, 4.0, 30.0, 20.0]])


@pytest.fixture(scope="module")
def net() -> RCNN:
    torch.manual_seed(0)
    net = RCNN(num_classes=4, width=6).eval()
    torch.nn.init.normal_(net.svms.weight)
    torch.nn.init.normal_(net.regressors.weight, std=0.01)
    return net


def changed(net: RCNN, name: str) -> Any:
    """Look at a layer's weights while they are others, and put them back."""
    layer = net.get_submodule(name)
    before = layer.weight.data.clone()  # type: ignore[union-attr, operator]
    layer.weight.data.normal_()  # type: ignore[union-attr, operator]
    return lambda: layer.weight.data.copy_(before)  # type: ignore[union-attr]


def test_the_counts_are_alexnets_and_those_of_the_linear_layers():
    with torch.device("meta"):
        net = RCNN()
    without_fc8 = published("alexnet.parameters_bvlc").value - 1000 * 4097
    assert parameter_count(net.cnn) == without_fc8 + 21 * 4097
    assert parameter_count(net.svms) == 20 * 4097  # the background has none
    assert parameter_count(net.regressors) == 4 * 20 * (9216 + 1)  # four for each class, on pool5


def test_there_are_as_many_passes_as_proposals(net: RCNN):
    seen: list[int] = []
    hook = net.cnn.features[0].register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    net.detect(torch.randn(2, 3, 50, 60), [BOXES, BOXES[:2]])  # equal boxes are no exception
    hook.remove()
    assert sum(seen) == 5
    net.batch = 2
    hook = net.cnn.features[0].register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    net(torch.randn(1, 3, 50, 60), [BOXES])
    hook.remove()
    net.batch = 256
    assert seen[1:] == [2, 1]


def test_features_are_those_of_warped_regions(net: RCNN):
    x = torch.randn(2, 3, 50, 60)
    pool5, fc7 = net.features(net.warp(x, [BOXES[:1], BOXES[1:2]]))
    for n in (0, 1):
        region = warp_regions(x[n], BOXES[n : n + 1], 227, context=16)
        want = net.cnn.features(region).flatten(1)
        torch.testing.assert_close(pool5[n : n + 1], want)
        fc6 = F.relu(net.cnn.classifier.fc6(want))  # type: ignore[operator]
        torch.testing.assert_close(fc7[n : n + 1], F.relu(net.cnn.classifier.fc7(fc6)))  # type: ignore[operator]


def test_svms_read_fc7_and_regressors_pool5(net: RCNN):
    x = torch.randn(1, 3, 50, 60)
    pool5, fc7 = net.features(net.warp(x, [BOXES]))
    net.fc7_factor.fill_(3.0)
    net.pool5_factor.fill_(0.5)
    scores, offsets = net(x, [BOXES])
    torch.testing.assert_close(scores, 3 * fc7 @ net.svms.weight.T + net.svms.bias)
    want = 0.5 * pool5 @ net.regressors.weight.T + net.regressors.bias
    torch.testing.assert_close(offsets, want.reshape(3, 3, 4), rtol=1e-4, atol=1e-5)
    net.fc7_factor.fill_(1.0)
    net.pool5_factor.fill_(1.0)


def test_the_soft_max_of_the_fine_tuning_decides_nothing(net: RCNN):
    x = torch.randn(1, 3, 50, 60)
    before = net.detect(x, [BOXES])[0]
    restore = changed(net, "cnn.classifier.fc8")
    after = net.detect(x, [BOXES])[0]
    restore()
    assert torch.equal(before.scores, after.scores)
    restore = changed(net, "svms")
    other = net.detect(x, [BOXES])[0]
    restore()
    assert not torch.equal(before.scores[:1], other.scores[:1])


def test_every_class_moves_the_box_its_own_way(net: RCNN):
    x = torch.randn(1, 3, 50, 60)
    scores, offsets = net(x, [BOXES[:1]])
    found = net.detect(x, [BOXES[:1]], score_threshold=-1e9)[0]
    assert sorted(found.labels.tolist()) == [1, 2, 3]  # class 0 is the background
    for label, box, score in zip(found.labels.tolist(), found.boxes, found.scores, strict=True):
        want = clip_boxes(decode_boxes(offsets[0, label - 1], BOXES[0], inclusive=True), (50, 60), inclusive=True)
        torch.testing.assert_close(box, want.detach())
        assert score.item() == pytest.approx(scores[0, label - 1].item())
    assert len({tuple(box) for box in found.boxes.tolist()}) == 3


def test_suppression_is_per_class_and_scores_are_margins(net: RCNN):
    x = torch.randn(1, 3, 50, 60)
    twice = net.detect(x, [BOXES], score_threshold=-1e9)[0]
    assert twice.labels.bincount().max() <= 2  # boxes 0 and 2 are one
    scores = net(x, [BOXES]).scores.detach()
    assert twice.scores[0].item() == pytest.approx(scores.max().item())
    few = net.detect(x, [BOXES], score_threshold=float(scores.median()))[0]
    assert (few.scores > scores.median()).all()
    assert len(few.scores) < len(twice.scores)


def test_an_image_without_proposals_has_no_detections(net: RCNN):
    found = net.detect(torch.zeros(2, 3, 40, 40), [BOXES[:0], BOXES[:1]], score_threshold=-1e9)
    assert [len(one.labels) for one in found] == [0, 3]


def test_svms_and_regressors_are_no_weights_of_descent(net: RCNN):
    assert not any(weight.requires_grad for layer in (net.svms, net.regressors) for weight in layer.parameters())
    assert all(weight.requires_grad for weight in net.cnn.parameters())
    assert "cnn.classifier.fc8.weight" in net.state_dict()
    assert {"fc7_factor", "pool5_factor"} <= set(net.state_dict())  # measured, and kept with the weights


def test_the_net_is_alexnet_in_caffes_order(net: RCNN):
    assert isinstance(net.cnn, AlexNet)
    names = [name for name, _ in net.cnn.features.named_children()]
    assert names.index("pool1") < names.index("norm1")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: RCNN(num_classes=1, width=6), OptionError, "num_classes: .* the background counts as one"),
        (lambda: RCNN(width=6, batch=0), OptionError, "batch: expected an integer of at least 1, got 0"),
        (lambda: RCNN(width=6, context=-1), OptionError, "context: expected an integer of at least 0, got -1"),
        (lambda: RCNN(width=5), OptionError, "width: expected a multiple of 6, got 5; the nearest is 6"),
        (
            lambda: RCNN(num_classes=2, width=6)(torch.zeros(2, 3, 40, 40), [BOXES]),
            ShapeError,
            r"proposals: expected boxes \(K, 4\) for each of 2 images",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
