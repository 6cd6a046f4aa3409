"""Mask R-CNN: counts in print, two branches side by side, five losses, masks in the image."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference.errors import OptionError
from reference.facts import published
from reference.models import parameter_count
from reference.models.detection import mask_rcnn as module
from reference.models.detection.faster_rcnn import ProposalOptions
from reference.models.detection.fpn import pyramid_align
from reference.models.detection.mask import mask_loss, mask_targets, paste_masks
from reference.models.detection.mask_rcnn import TESTING, TRAINING, MaskRCNN
from reference.models.detection.matching import Sample
from reference.models.detection.result import GroundTruth, number_boxes
from tests.scenes import scenes, seeded, to_device
from tests.smoke import DEVICES, assert_learns

FEW = ProposalOptions(before_nms=60, after_nms=20, least_side=1)


def small(**options: Any) -> MaskRCNN:
    chosen = {"num_classes": 4, "width": 1, "depth": 18, "testing": FEW, "training": FEW, "freeze_norm": False}
    return MaskRCNN(**(chosen | options))


def test_the_counts_are_torchvisions():
    with torch.device("meta"):
        net = MaskRCNN(num_classes=91)
    mask_head = parameter_count(net.mask_head)
    boxes_only = parameter_count(net, batch_norm=False) - mask_head
    assert boxes_only == published("mask_rcnn.parameters_without_masks_91").value == 41_755_286
    background_mask = 256 + 1  # torchvision predicts a mask of the background too, which nothing uses
    assert boxes_only + mask_head + background_mask == published("mask_rcnn.parameters_91").value == 44_401_393


def test_one_score_an_anchor_three_anchors_a_cell():
    net = small()
    assert net.rpn.cls_score.out_channels == 3
    assert net.rpn.anchors.shape == (5, 3, 4)
    output = net(torch.rand(1, 3, 64, 96))
    cells = [16 * 24, 8 * 12, 4 * 6, 2 * 3, 1 * 2]
    assert output.anchors.logits.shape == (1, 3 * sum(cells))
    assert output.anchors.anchors.shape == (3 * sum(cells), 4)


def test_both_branches_see_the_same_regions_side_by_side():
    net = small().eval().double()
    x = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    output = net(x)
    R = sum(map(len, output.proposals))
    assert output.regions.scores.shape == (R, 4)
    assert output.regions.offsets.shape == (R, 4, 4)
    assert output.masks.shape == (R, 3, 28, 28)  # the background has no mask
    levels, _ = net.look(x)
    rois = number_boxes(output.proposals)
    torch.testing.assert_close(output.masks, net.mask_head(pyramid_align(levels[:4], rois, 14)))
    torch.testing.assert_close(output.regions.scores, net.box_head(pyramid_align(levels[:4], rois, 7)).scores)


def test_alignment_is_an_option_that_changes_the_masks():
    torch.manual_seed(0)
    net = small().eval()
    x = torch.rand(1, 3, 64, 64)
    levels, anchors = net.look(x)
    rois = number_boxes(net.choose(anchors, (64, 64)))
    shifted = net.masks(levels, rois)
    net.aligned = False
    assert not torch.equal(shifted, net.masks(levels, rois))


def test_proposals_are_chosen_level_by_level_then_the_best_of_all():
    net = small(testing=FEW._replace(before_nms=5, after_nms=8, nms_threshold=1.0)).eval()
    x = torch.rand(1, 3, 64, 64)
    _, anchors = net.look(x)
    (boxes,) = net.choose(anchors, (64, 64))
    assert len(boxes) == 8
    logits = torch.cat([level.logits[0].topk(min(5, level.logits.shape[1])).values for level in anchors])
    assert len(logits) == 23  # the coarsest level has one cell
    assert (TESTING.before_nms, TESTING.after_nms, TRAINING.before_nms) == (1000, 1000, 2000)


def test_it_finds_boxes_labels_scores_and_masks_end_to_end():
    net = small().eval()
    found = net.detect(torch.rand(2, 3, 60, 90), limit=9)
    assert len(found) == 2
    for one in found:
        assert 0 < len(one.labels) <= 9
        assert one.masks is not None
        assert one.masks.shape == (len(one.labels), 60, 90)
        assert one.masks.dtype == torch.bool
        for mask, (x1, y1, x2, y2) in zip(one.masks, one.boxes.tolist(), strict=True):
            rows, columns = mask.nonzero().unbind(1)
            assert ((columns + 0.5 >= x1) & (columns + 0.5 <= x2) & (rows + 0.5 >= y1) & (rows + 0.5 <= y2)).all()


def test_masks_are_those_of_the_final_boxes_and_their_class():
    net = small().double().eval()
    x = torch.rand(1, 3, 64, 64, dtype=torch.float64)
    (found,) = net.detect(x, limit=5)
    levels, _ = net.look(x)
    logits = net.masks(levels, number_boxes([found.boxes]))  # of the boxes after regression, not of the proposals
    own = torch.stack([logits[k, label - 1] for k, label in enumerate(found.labels.tolist())]).sigmoid()
    assert found.masks is not None
    assert torch.equal(found.masks, paste_masks(own.detach(), found.boxes, (64, 64)))


def test_an_image_without_detections_has_no_masks():
    (found,) = small().eval().detect(torch.rand(1, 3, 40, 64), score_threshold=1.0)
    assert found.masks is not None
    assert found.masks.shape == (0, 40, 64)


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_pictures_with_all_five_losses(device: str):
    net = small(width=2).to(device)
    x, truth = scenes(2)
    x, truth = x.to(device), to_device(truth, device)
    assert_learns(lambda: net.loss(x, truth, count=32, generator=seeded()).total, net.parameters(), steps=8, lr=0.02)


def test_the_loss_has_five_parts_and_masks_learn_from_objects_alone():
    net = small()
    x, truth = scenes(2)
    seen: list[int] = []
    net.mask_head.register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    labels: list[int] = []
    net.box_head.register_forward_hook(lambda _, args, __: labels.append(len(args[0])))
    loss = net.loss(x, truth, count=32)
    parts = [*loss.anchors, *loss.regions, loss.masks]
    torch.testing.assert_close(loss.total, sum(parts, torch.zeros(())))
    assert all(part > 0 for part in parts)
    assert 2 <= seen[0] <= 16 < labels[0]  # at most a quarter of 64 regions, and at least the true boxes


def test_masks_learn_on_the_drawn_regions_not_on_the_true_boxes(monkeypatch: pytest.MonkeyPatch):
    net = small()
    x, truth = scenes(1)
    drawn = Sample(
        boxes=torch.tensor([[3.0, 4.0, 40.0, 30.0], [20.0, 10.0, 60.0, 60.0], [0.0, 0.0, 8.0, 8.0]]),
        labels=torch.tensor([2, 1, 0]),
        targets=torch.zeros(3, 4),
        objects=torch.tensor([1, 0, 0]),
    )
    monkeypatch.setattr(module, "sample_regions", lambda *_, **__: drawn)
    loss = net.loss(x, truth).masks
    levels, _ = net.look(x)
    logits = net.masks(levels, number_boxes([drawn.boxes[:2]]))
    assert truth[0].masks is not None
    targets = mask_targets(truth[0].masks, torch.tensor([1, 0]), drawn.boxes[:2])
    torch.testing.assert_close(loss, mask_loss(logits, drawn.labels[:2], targets))


def test_a_picture_without_objects_is_learned_as_background():
    net = small()
    masks = torch.zeros(0, 64, 64, dtype=torch.bool)
    loss = net.loss(torch.rand(2, 3, 64, 64), 2 * [GroundTruth(torch.zeros(0, 4), masks[:, 0, 0].long(), masks)])
    assert loss.regions.classes > 0
    assert loss.masks == loss.regions.boxes == loss.anchors.boxes == 0
    loss.total.backward()


def test_the_box_branch_does_not_wait_for_the_mask_branch():
    net = small()
    x, truth = scenes(2)
    net.loss(x, truth, count=32).masks.backward()
    assert all(weight.grad is None for weight in net.box_head.parameters())
    assert any(weight.grad is not None for weight in net.backbone.parameters())


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double().eval(), torch.rand(1, 3, 64, 64).double()
    want = net(x)
    got = net.cuda()(x.cuda())
    torch.testing.assert_close(got.proposals[0].cpu(), want.proposals[0])
    torch.testing.assert_close(got.masks.cpu(), want.masks)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: small(num_classes=1), "num_classes: .* the background counts as one"),
        (lambda: small(depth=20), "depth: expected 18, 34, 50, 101 or 152, got 20"),
        (lambda: small(width=0), "width: expected an integer of at least 1, got 0"),
        (
            lambda: small().loss(
                torch.rand(1, 3, 64, 64), [GroundTruth(torch.tensor([[2.0, 2.0, 40.0, 40.0]]), torch.tensor([1]))]
            ),
            r"truth: expected masks for every image, got None; give the masks \(K, H, W\)",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, message: str):
    with pytest.raises(OptionError, match=message):
        call()
