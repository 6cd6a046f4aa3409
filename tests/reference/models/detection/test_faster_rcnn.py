"""Faster R-CNN: counts, one trunk for proposals and detector, all four losses."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.models import parameter_count
from reference.models.detection.faster_rcnn import TESTING, TRAINING, FasterRCNN, ProposalOptions
from reference.models.detection.result import GroundTruth, number_boxes
from reference.models.detection.rpn import propose
from tests.scenes import awaken, one_object, scenes, seeded, to_device
from tests.smoke import DEVICES, assert_learns

FEW = ProposalOptions(before_nms=200, after_nms=30, least_side=8)


def small(**options: Any) -> FasterRCNN:
    return FasterRCNN(
        **({"num_classes": 4, "width": 1, "scales": (1, 2, 3), "testing": FEW, "training": FEW} | options)
    )


def test_the_counts_are_the_detectors_and_the_proposers():
    with torch.device("meta"):
        net = FasterRCNN()
    assert parameter_count(net) == published("faster_rcnn.parameters").value == 137_078_239
    assert parameter_count(net.detector) == published("fast_rcnn.parameters").value
    assert parameter_count(net.rpn) == published("faster_rcnn.rpn_parameters").value


def test_work_of_an_image_of_600_by_1000_with_one_region():
    with torch.device("meta"):
        net = FasterRCNN()
        parts = [
            survey(net.detector.trunk, (1, 3, 600, 1000)),
            survey(net.rpn, (1, 512, 38, 63)),
            survey(net.detector.head, (1, 512, 7, 7)),
        ]
    assert sum(part.macs for part in parts) == 189_703_575_552


def test_the_numbers_of_proposals_are_those_of_the_release():
    assert tuple(TESTING) == (6000, 300, 0.7, 16)
    assert tuple(TRAINING) == (12000, 2000, 0.7, 16)
    assert TESTING.after_nms == published("faster_rcnn.test_proposals").value


def test_anchors_of_the_full_net_are_128_to_512_pixels():
    with torch.device("meta"):
        anchors = FasterRCNN(width=1).rpn.anchors
    assert anchors.device.type == "cpu"  # numbers, even where the weights have none
    assert anchors.shape == (9, 4)
    assert (anchors[3:6, 2] - anchors[3:6, 0] + 1).tolist() == [128, 256, 512]


def test_the_convolutions_run_once_for_both():
    net, seen = small().eval(), []
    net.detector.trunk.register_forward_hook(lambda _, args, y: seen.append(y))
    inputs: list[torch.Tensor] = []
    net.rpn.conv.register_forward_hook(lambda _, args, __: inputs.append(args[0]))
    net.detect(torch.rand(2, 3, 64, 64))
    assert len(seen) == 1
    assert inputs[0] is seen[0]


def test_a_pass_is_propose_then_score_on_the_same_features():
    net = small().double().eval()
    x = torch.rand(2, 3, 64, 80, dtype=torch.float64)
    output = net(x)
    features = net.detector.trunk(x)
    anchors = net.rpn(features)
    assert anchors.logits.shape == (2, 4 * 5 * 9)
    for n in range(2):
        want, _ = propose(anchors.logits[n], anchors.offsets[n], anchors.anchors, (64, 80), **FEW._asdict())
        torch.testing.assert_close(output.proposals[n], want)
        assert len(want) <= 30
    regions = net.detector.score(features, number_boxes(output.proposals))
    torch.testing.assert_close(output.regions.scores, regions.scores)
    assert output.regions.offsets.shape == (sum(map(len, output.proposals)), 4, 4)


def test_training_and_test_choose_different_numbers_of_proposals():
    net = small(training=FEW._replace(after_nms=7), testing=FEW._replace(after_nms=3))
    x = torch.rand(1, 3, 64, 64)
    assert [len(net.train(mode)(x).proposals[0]) for mode in (True, False)] == [7, 3]


def test_it_finds_boxes_labels_and_scores_end_to_end():
    found = small().eval().detect(torch.rand(2, 3, 60, 90), limit=9)
    assert len(found) == 2
    for one in found:
        assert 0 < len(one.labels) <= 9
        assert one.boxes.shape == (len(one.labels), 4)
        assert set(one.labels.tolist()) <= {1, 2, 3}
        assert (one.boxes[:, [0, 2]] <= 89).all()
        assert (one.boxes[:, [1, 3]] <= 59).all()
        assert (one.boxes >= 0).all()


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_picture_with_all_four_losses(device: str):
    net = small(width=2).to(device)
    awaken(net.detector.trunk, net.detector.head.fc6, net.detector.head.fc7, net.detector.head.dropout)
    x, truth = scenes(2, inclusive=True)
    x, truth = x.to(device), to_device(truth, device)
    assert_learns(
        lambda: net.loss(x, truth, count=32, generator=seeded()).total, net.parameters(), steps=10, lr=0.02, factor=0.8
    )


def test_the_joint_loss_is_the_sum_of_four_and_reaches_everything():
    net = small()
    loss = net.loss(torch.rand(1, 3, 64, 64), [one_object(4, 4, 40, 50)])
    parts = [loss.anchors.classes, loss.anchors.boxes, loss.regions.classes, loss.regions.boxes]
    torch.testing.assert_close(loss.total, sum(parts, torch.zeros(())))
    assert all(part > 0 for part in parts)
    loss.total.backward()
    assert all(weight.grad is not None for weight in net.parameters())


def test_the_regions_loss_does_not_move_the_proposers_own_layers():
    net = small()
    loss = net.loss(torch.rand(1, 3, 64, 64), [one_object(4, 4, 40, 50)])
    loss.regions.total.backward()
    assert all(weight.grad is None for weight in net.rpn.parameters())  # which is what makes it approximate


def test_the_anchors_loss_alone_does_not_reach_the_head():
    net = small()
    net.anchor_loss(torch.rand(1, 3, 64, 64), [one_object(4, 4, 40, 50)]).total.backward()
    assert all(weight.grad is None for weight in net.detector.head.parameters())
    assert all(weight.grad is not None for weight in net.rpn.parameters())
    assert all(weight.grad is not None for weight in net.detector.trunk.parameters())


def test_a_picture_without_objects_is_learned_as_background():
    net = small()
    empty = GroundTruth(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    loss = net.loss(torch.rand(1, 3, 64, 64), [empty])
    assert loss.anchors.classes > 0
    assert loss.regions.classes > 0
    assert loss.anchors.boxes == loss.regions.boxes == 0
    loss.total.backward()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_finds_boxes_too(dtype: torch.dtype):
    net = small().to(dtype).eval()
    (found,) = net.detect(torch.rand(1, 3, 64, 64).to(dtype))
    assert found.boxes.dtype == found.scores.dtype == dtype
    assert found.boxes.isfinite().all()


def test_proposals_know_no_classes():
    two, many = small(num_classes=2), small(num_classes=21)
    assert parameter_count(two.rpn) == parameter_count(many.rpn)
    assert isinstance(two.rpn.cls_score, nn.Conv2d)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.rand(1, 3, 64, 64).double()
    want = net(x)
    got = net.cuda()(x.cuda())
    torch.testing.assert_close(got.anchors.logits.cpu(), want.anchors.logits)
    torch.testing.assert_close(got.proposals[0].cpu(), want.proposals[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small()(torch.zeros(1, 3, 8, 64)), ShapeError, "the nearest size that works is 16 x 64"),
        (lambda: small(testing=FEW._replace(after_nms=0)), OptionError, "after_nms: expected an integer of at least 1"),
        (lambda: small(scales=()), OptionError, "scales: expected one number or more"),
        (lambda: small().loss(torch.zeros(1, 3, 64, 64), []), ShapeError, "truth: expected one record for each of 1"),
        (
            lambda: small().loss(torch.zeros(1, 3, 64, 64), [one_object(0, 0, 9, 9, label=4)]),
            OptionError,
            "truth: expected labels from 1 to 3, got 4 to 4; class 0 is the background",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
