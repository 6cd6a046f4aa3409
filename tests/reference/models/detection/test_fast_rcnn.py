"""Fast R-CNN: counts, one pass for all regions, boxes of every class, sampling, and the truncated net."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import clip_boxes, decode_boxes, roi_pool2d
from reference.models import parameter_count
from reference.models.detection.fast_rcnn import FastRCNN, compress, decode_regions, truncate_svd
from reference.models.detection.trunk import TRUNK_TABLE, RegionOutput
from reference.models.plan import Conv
from tests.scenes import awaken, jitter, one_object, scenes, seeded, to_device
from tests.smoke import DEVICES, assert_learns

ROIS = torch.tensor([[0.0, 3.0, 5.0, 40.0, 60.0], [1.0, 20.0, 0.0, 63.0, 31.0], [0.0, 0.0, 0.0, 63.0, 63.0]])


def small(**options: Any) -> FastRCNN:
    return FastRCNN(**({"num_classes": 4, "width": 1} | options))


def on_meta(**options: Any) -> FastRCNN:
    with torch.device("meta"):
        return FastRCNN(**options)


def test_the_counts_are_those_of_the_release():
    net = on_meta()
    assert parameter_count(net) == published("fast_rcnn.parameters").value == 134_690_729
    assert net.head.cls_score.out_features == 21
    assert net.head.bbox_pred.out_features == published("fast_rcnn.box_outputs").value == 84  # not 4


def test_work_and_field_of_an_image_of_600_by_1000():
    with torch.device("meta"):
        net = FastRCNN()
        convolutions = survey(net.trunk, (1, 3, 600, 1000))
        head = survey(net.head, (1, 512, 7, 7))
    assert convolutions.macs + head.macs == 183_989_231_616
    assert convolutions.output_shape == (1, 512, 38, 63)  # poolings round up: 75 to 38, 125 to 63
    field = convolutions.field
    assert field is not None
    assert (field.size, field.jump) == (published("vgg16.receptive_field_conv5_3").value, 16)


def test_the_convolutions_run_once_however_many_regions_there_are():
    net, seen = small().eval(), []
    net.trunk.layers["conv1_1"].register_forward_hook(lambda _, args, __: seen.append(tuple(args[0].shape)))
    net(torch.zeros(2, 3, 64, 64), ROIS.repeat(5, 1))
    assert seen == [(2, 3, 64, 64)]


def test_regions_are_pooled_from_conv5_3_at_one_sixteenth():
    net = small().double().eval()
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    want = net.head(roi_pool2d(net.trunk(x), ROIS.double(), 7, spatial_scale=0.0625).y)
    for got, expected in zip(net(x, ROIS.double()), want, strict=True):
        torch.testing.assert_close(got, expected)
    kinds = {type(layer) for layer in net.trunk.modules() if not list(layer.children())}
    assert kinds == {nn.Conv2d, nn.ReLU}
    assert len([row for row in TRUNK_TABLE if not isinstance(row, Conv)]) == 4  # pool5 is gone


def test_decoding_takes_each_class_its_own_way_with_deviations():
    proposals = [torch.tensor([[10.0, 10.0, 29.0, 29.0]])]
    offsets = torch.zeros(1, 3, 4)
    offsets[0, 1, 0], offsets[0, 2, 1] = 5.0, -5.0
    output = RegionOutput(torch.tensor([[0.0, 5.0, 5.0]]), offsets)
    (found,) = decode_regions(output, proposals, (50, 60), 0.05, 0.3, 100)
    boxes = dict(zip(found.labels.tolist(), found.boxes.tolist(), strict=True))
    # 5 * 0.1 * 20 pixels: right for class 1, up for class 2
    assert boxes[1] == pytest.approx([20, 10, 39, 29])
    assert boxes[2] == pytest.approx([10, 0, 29, 19])


def test_detections_stay_inside_the_image():
    output = RegionOutput(torch.tensor([[0.0, 9.0]]), torch.tensor([[[0.0] * 4, [20.0, 20.0, 9.0, 9.0]]]))
    (found,) = decode_regions(output, [torch.tensor([[5.0, 5.0, 20.0, 20.0]])], (32, 48), 0.05, 0.3, 100)
    assert found.boxes.tolist() == [[0, 0, 47, 31]]  # the last pixel, not the side


def test_it_finds_boxes_labels_and_scores_end_to_end():
    net = small().eval()
    x, truth = scenes(2, inclusive=True)
    proposals = [jitter(one.boxes, 20, 64) for one in truth]
    found = net.detect(x, proposals, limit=7)
    assert len(found) == 2
    for one in found:
        assert one.boxes.shape == (len(one.labels), 4)
        assert 0 < len(one.labels) <= 7
        assert set(one.labels.tolist()) <= {1, 2, 3}
        assert (one.scores[:-1] >= one.scores[1:]).all()


def test_detect_is_soft_max_decoding_and_clipping():
    net = small().double().eval()
    x = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    box = torch.tensor([[8.0, 8.0, 40.0, 50.0]], dtype=torch.float64)
    scores, offsets = net(x, torch.cat([torch.zeros(1, 1, dtype=torch.float64), box], 1))
    (found,) = net.detect(x, [box], score_threshold=0.0)
    best = int(found.labels[0])
    torch.testing.assert_close(found.scores[0], scores[0].softmax(0)[best].detach())
    want = clip_boxes(
        decode_boxes(offsets[0, best], box[0], variances=(0.1, 0.1, 0.2, 0.2), inclusive=True), (64, 64), inclusive=True
    )
    torch.testing.assert_close(found.boxes[0], want.detach())


def test_an_image_without_proposals_has_no_detections():
    (found,) = small().eval().detect(torch.zeros(1, 3, 64, 64), [torch.zeros(0, 4)])
    assert found.boxes.shape == (0, 4)


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_regions(device: str):
    net = small(width=2).to(device)
    awaken(net.trunk, net.head.fc6, net.head.fc7, net.head.dropout)
    x, truth = scenes(2, inclusive=True)
    proposals = [jitter(one.boxes, 24, 64).to(device) for one in truth]
    x, truth = x.to(device), to_device(truth, device)
    assert_learns(
        lambda: net.loss(x, proposals, truth, generator=seeded()).total, net.parameters(), steps=14, lr=0.02, factor=0.8
    )


def test_the_loss_trains_convolutions_and_both_siblings_at_once():
    net = small()
    loss = net.loss(torch.rand(1, 3, 64, 64), [torch.tensor([[4.0, 4.0, 40.0, 50.0]])], [one_object(4, 4, 44, 50)])
    loss.total.backward()
    assert all(weight.grad is not None for weight in net.parameters())
    assert loss.boxes > 0


def close_to(net: FastRCNN, other: FastRCNN, x: Tensor) -> float:
    return max(float((a - b).detach().abs().max()) for a, b in zip(net(x, ROIS), other(x, ROIS), strict=True))


def test_truncation_at_full_rank_changes_nothing_and_below_is_the_best_of_its_rank():
    layer = nn.Linear(12, 8).double()
    x = torch.randn(5, 12, dtype=torch.float64)
    torch.testing.assert_close(truncate_svd(layer, 8)(x), layer(x))
    thin = truncate_svd(layer, 3)
    product = thin[1].weight @ thin[0].weight
    values = torch.linalg.svdvals(layer.weight)
    error = torch.linalg.matrix_norm(layer.weight - product)
    torch.testing.assert_close(error, values[3:].square().sum().sqrt())  # Eckart and Young: none is nearer
    assert thin[0].bias is None
    torch.testing.assert_close(thin[1].bias, layer.bias)


def test_the_truncated_net_has_the_count_of_the_paper_and_the_old_one_stays():
    net = on_meta()
    thin = compress(net)
    before, after = (parameter_count(n.head.fc6) + parameter_count(n.head.fc7) for n in (net, thin))
    assert before == published("fast_rcnn.dense_parameters").value == 119_545_856
    assert after == published("fast_rcnn.dense_parameters_truncated").value == 31_989_760
    assert isinstance(net.head.fc6, nn.Linear)


def test_the_truncated_net_comes_nearer_with_more_singular_values():
    net, x = small().eval(), torch.rand(2, 3, 64, 64)
    awaken(net)
    errors = [close_to(net, compress(net, fc6_rank=rank, fc7_rank=rank), x) for rank in (4, 32, 64)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-3 * errors[0]


def test_it_keeps_the_dtype():
    net = small().double().eval()
    assert net(torch.zeros(1, 3, 64, 64).double(), ROIS[:1].double()).scores.dtype == torch.float64
    assert net.detect(torch.zeros(1, 3, 64, 64).double(), [ROIS[:1, 1:].double()])[0].boxes.dtype == torch.float64


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.randn(2, 3, 64, 64).double()
    want = net(x, ROIS.double())
    got = net.cuda()(x.cuda(), ROIS.double().cuda())
    torch.testing.assert_close(got.scores.cpu(), want.scores)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small()(torch.zeros(1, 3, 15, 64), ROIS), ShapeError, "the nearest size that works is 16 x 64"),
        (lambda: small()(torch.zeros(1, 1, 64, 64), ROIS), ShapeError, r"x: expected \(N, 3, H, W\)"),
        (lambda: small()(torch.zeros(1, 3, 64, 64), ROIS), OptionError, "rois: expected images 0 to 0"),
        (
            lambda: small().detect(torch.zeros(2, 3, 64, 64), [ROIS[:, 1:]]),
            ShapeError,
            r"proposals: expected boxes \(K, 4\) for each of 2 images, got \(3, 4\); a batch of one",
        ),
        (lambda: small().detect(torch.zeros(1, 3, 64, 64), []), ShapeError, "for each of 1 images, got none"),
        (lambda: small().head(torch.zeros(1, 8, 6, 7)), ShapeError, r"pooled: expected \(R, 8, 7, 7\), got"),
        (lambda: small(num_classes=1), OptionError, "num_classes: .* the background counts as one"),
        (lambda: small(width=0), OptionError, "width: expected an integer of at least 1, got 0"),
        (lambda: truncate_svd(nn.Linear(4, 3), 4), OptionError, "rank: expected at most 3, the smaller side"),
        (lambda: truncate_svd(nn.Linear(4, 3), 0), OptionError, "rank: expected an integer of at least 1, got 0"),
        (
            lambda: compress(compress(small(), fc6_rank=2, fc7_rank=2), fc6_rank=2),
            OptionError,
            "net: expected a dense fc6, got Sequential; it is compressed already",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
