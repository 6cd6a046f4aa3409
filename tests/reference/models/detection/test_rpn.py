"""The region proposal network: integer anchors, two scores each, proposals step by step, a loss that samples."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reference.facts import published
from reference.geometry import Layer, receptive_field, survey
from reference.layers import base_anchors, clip_boxes, correlate2d, decode_boxes, encode_boxes, nms, relu
from reference.models import parameter_count
from reference.models.detection.loss import smooth_l1
from reference.models.detection.result import GroundTruth
from reference.models.detection.rpn import AnchorOutput, RegionProposalNetwork, join_levels, propose, rpn_loss
from reference.models.detection.trunk import Conv5Trunk
from tests.scenes import one_object


def network(channels: int = 3, scales: tuple[float, ...] = (1, 2, 3), **options: Any) -> RegionProposalNetwork:
    """One whose numbers are not almost 0, biases included."""
    net = RegionProposalNetwork(channels, channels, base_anchors(scales=scales), **options)
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return net


def on_vgg() -> RegionProposalNetwork:
    with torch.device("meta"):
        return RegionProposalNetwork(512, 512, base_anchors(scales=(8, 16, 32)))


def test_the_counts_on_vgg16():
    net = on_vgg()
    assert parameter_count(net) == published("faster_rcnn.rpn_parameters").value == 2_387_510
    assert net.cls_score.weight.numel() + net.bbox_pred.weight.numel() == 27_648
    # 2 x 9 and 4 x 9: object or not, and one box; 20 classes would need 20 x 9
    assert (net.cls_score.out_channels, net.bbox_pred.out_channels) == (18, 36)


def test_its_window_sees_228_pixels():
    with torch.device("meta"):
        net = torch.nn.Sequential(Conv5Trunk(), on_vgg().conv)
        field = survey(net, (1, 3, 600, 1000)).field
    assert field is not None
    assert (field.size, field.jump) == (published("faster_rcnn.receptive_field_rpn").value, 16)


def test_on_zf_its_window_sees_171_pixels():
    zf = [Layer(7, 2, 3), Layer(3, 2, 1), Layer(5, 2, 2), Layer(3, 2, 1), *3 * [Layer(3, 1, 1)], Layer(3, 1, 1)]
    assert receptive_field(zf).size == published("faster_rcnn.receptive_field_rpn_zf").value


def test_the_anchors_are_whole_numbers_of_the_cell():
    anchors = network(scales=(8, 16, 32)).anchors
    assert torch.equal(anchors, anchors.round())
    assert anchors[0].tolist() == [-84, -40, 99, 55]  # 184 x 96; as floats 181 x 91
    assert anchors.dtype == torch.float64


def test_the_network_is_built_of_the_reference_layers():
    net = network().double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    logits, offsets, anchors = net(x)
    y = relu(correlate2d(x, net.conv.weight, net.conv.bias, padding=1))
    scores = correlate2d(y, net.cls_score.weight, net.cls_score.bias)
    boxes = correlate2d(y, net.bbox_pred.weight, net.bbox_pred.bias)
    assert logits.shape == (2, 180)
    assert offsets.shape == (2, 180, 4)
    (i, j), a = y[1].sum(0).nonzero()[-1].tolist(), 7
    place = (i * 5 + j) * 9 + a
    pair = scores[1, [a, 9 + a], i, j]  # background, object
    torch.testing.assert_close(logits[1, place].sigmoid(), pair.softmax(0)[1])
    torch.testing.assert_close(offsets[1, place], boxes[1, 4 * a : 4 * a + 4, i, j])
    assert y[1, :, i, j].any()  # what is compared is not only biases
    assert anchors[place].tolist() == (net.anchors[a] + 16 * torch.tensor([j, i, j, i])).tolist()


def test_one_score_an_anchor_is_its_logit():
    net = network(pairs=False).double()
    x = torch.randn(1, 3, 2, 2, dtype=torch.float64)
    y = relu(correlate2d(x, net.conv.weight, net.conv.bias, padding=1))
    want = correlate2d(y, net.cls_score.weight, net.cls_score.bias).permute(0, 2, 3, 1).flatten(1)
    torch.testing.assert_close(net(x).logits, want)


def test_levels_are_joined_in_their_order():
    net = network()
    first, second = net(torch.randn(1, 3, 2, 2)), net(torch.randn(1, 3, 1, 1), stride=32)
    joined = join_levels([first, second])
    assert joined.logits.shape == (1, 45)
    assert torch.equal(joined.offsets[:, 36:], second.offsets)
    assert torch.equal(joined.anchors[:36], first.anchors)


BOXES = torch.tensor(
    [
        [0.0, 0.0, 31.0, 31.0],
        [0.0, 0.0, 31.0, 30.0],  # much the same
        [-40.0, 10.0, 9.0, 40.0],  # reaches over the border; cut to a width of 10
        [40.0, 10.0, 110.0, 50.0],  # cut at the right
        [20.0, 20.0, 60.0, 34.0],  # a height of 15
    ]
)


def proposals(logits: list[float], **options: Any) -> Tensor:
    return propose(torch.tensor(logits), torch.zeros(5, 4), BOXES, (60, 80), **options)[0]


def test_proposals_are_cut_large_enough_and_suppressed():
    found = proposals([0.5, 0.6, 0.9, 0.1, 0.8])
    assert found.tolist() == [[0, 0, 31, 30], [40, 10, 79, 50]]


def test_without_the_least_side_small_ones_stay_best_first():
    found = proposals([0.5, 0.6, 0.9, 0.1, 0.8], least_side=1)
    assert found.tolist() == [[0, 10, 9, 40], [20, 20, 60, 34], [0, 0, 31, 30], [40, 10, 79, 50]]


def test_numbers_before_and_after_suppression():
    logits = [0.9, 0.8, 0.0, 0.5, 0.7]
    assert proposals(logits, least_side=1, after_nms=2).tolist() == [[0, 0, 31, 31], [20, 20, 60, 34]]
    assert proposals(logits, least_side=1, before_nms=2).tolist() == [[0, 0, 31, 31]]  # the second was its twin
    assert len(proposals(logits, least_side=1, nms_threshold=1.0)) == 5


def test_proposals_by_hand_on_random_numbers():
    torch.manual_seed(0)
    net = network()
    logits, offsets, anchors = net(torch.randn(1, 3, 6, 6) * 9)
    boxes, scores = propose(logits[0], offsets[0], anchors, (96, 96), before_nms=100, after_nms=20)
    want = clip_boxes(decode_boxes(offsets[0].detach(), anchors, inclusive=True), (96, 96), inclusive=True)
    sides = want[:, 2:] - want[:, :2] + 1
    rows = [k for k in range(len(want)) if sides[k].min() >= 16]
    rows = sorted(rows, key=lambda k: -float(logits[0, k].detach()))[:100]
    kept = nms(want[rows], logits[0, rows].detach(), 0.7, inclusive=True)[:20]
    torch.testing.assert_close(boxes, want[rows][kept])
    torch.testing.assert_close(scores, logits[0, rows][kept].detach())


def test_no_gradient_flows_into_proposals():
    net = network()
    logits, offsets, anchors = net(torch.randn(1, 3, 4, 4))
    boxes, scores = propose(logits[0], offsets[0], anchors, (64, 64))
    assert not boxes.requires_grad
    assert not scores.requires_grad


def test_a_box_of_infinite_size_is_limited():
    offsets = torch.full((1, 4), 1000.0) * torch.tensor([0, 0, 1, 1])
    boxes, _ = propose(torch.zeros(1), offsets, BOXES[:1], (60, 80))
    assert boxes.tolist() == [[0, 0, 79, 59]]


ANCHORS = torch.tensor(
    [
        [0.0, 0.0, 9.0, 9.0],  # the object
        [0.0, 0.0, 9.0, 4.0],  # one half: neither
        [30.0, 30.0, 39.0, 39.0],  # background
        [-1.0, 0.0, 8.0, 9.0],  # nearly the object, over the border
    ]
)


def output(logits: list[float], offsets: Tensor | None = None) -> AnchorOutput:
    return AnchorOutput(
        torch.tensor([logits], requires_grad=True),
        torch.zeros(1, 4, 4, requires_grad=True) if offsets is None else offsets,
        ANCHORS,
    )


def test_the_loss_by_hand():
    said = output([0.3, 5.0, -0.2, 5.0])
    loss = rpn_loss(said, [one_object(0.0, 0.0, 10.0, 9.0)], (40, 40), locations=8)
    logits = torch.tensor([0.3, -0.2])
    torch.testing.assert_close(
        loss.classes.detach(), F.binary_cross_entropy_with_logits(logits, torch.tensor([1.0, 0.0]))
    )
    target = encode_boxes(torch.tensor([0.0, 0.0, 10.0, 9.0]), ANCHORS[0], inclusive=True)
    torch.testing.assert_close(loss.boxes.detach(), 10 * smooth_l1(target).sum() / 8)
    assert target[2].item() == pytest.approx(math.log(1.1))  # no deviations here
    half = rpn_loss(said, [one_object(0.0, 0.0, 10.0, 9.0)], (40, 40), locations=16, balance=1.0)
    assert half.boxes.item() == pytest.approx(loss.boxes.item() / 20)


def test_anchors_over_the_border_and_in_between_say_nothing():
    said = output([0.0, 0.0, 0.0, 0.0])
    rpn_loss(said, [one_object(0.0, 0.0, 9.0, 9.0)], (40, 40), locations=4).total.backward()
    assert said.logits.grad is not None
    assert said.logits.grad[0].abs().gt(0).tolist() == [True, False, True, False]
    assert said.logits.grad[0, 0] < 0 < said.logits.grad[0, 2]  # up for the object, down for the background


def test_the_last_pixel_is_inside_and_the_next_is_not():
    said = output([0.0] * 4)
    rpn_loss(said, [one_object(0.0, 0.0, 9.0, 9.0)], (39, 40), locations=4).total.backward()
    assert said.logits.grad is not None
    assert said.logits.grad[0].abs().gt(0).tolist() == [True, False, False, False]


def test_classes_do_not_matter():
    losses = [
        rpn_loss(output([0.3, 0.1, 0.2, 0.4]), [one_object(0.0, 0.0, 9.0, 9.0, label=label)], (40, 40), locations=4)
        for label in (1, 7)
    ]
    assert losses[0].total.item() == losses[1].total.item()


def test_256_are_drawn_and_at_most_half_of_them_objects():
    K = 1000
    anchors = torch.tensor([[0.0, 0.0, 9.0, 9.0]]).expand(K, 4).clone()
    anchors[300:] += 20
    said = AnchorOutput(torch.zeros(1, K, requires_grad=True), torch.zeros(1, K, 4), anchors)
    rpn_loss(said, [one_object(0.0, 0.0, 9.0, 9.0)], (40, 40), locations=4).classes.backward()
    assert said.logits.grad is not None
    drawn = said.logits.grad[0] != 0
    assert (int(drawn[:300].sum()), int(drawn[300:].sum())) == (128, 128)


def test_a_picture_without_objects_is_background():
    said = output([0.5] * 4)
    empty = GroundTruth(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    loss = rpn_loss(said, [empty], (40, 40), locations=4)
    assert loss.classes.item() == pytest.approx(math.log(1 + math.exp(0.5)))
    assert loss.boxes.item() == 0


def test_a_picture_smaller_than_all_anchors_has_no_loss_and_still_a_gradient():
    said = output([0.5] * 4)
    loss = rpn_loss(said, [one_object(0.0, 0.0, 3.0, 3.0)], (4, 4), locations=4)
    loss.total.backward()
    assert loss.total.item() == 0
    assert said.logits.grad is not None
