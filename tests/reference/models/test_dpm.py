"""DeepPyramid DPM: sizes, features of conv5, boxes where the root filter stands."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.models import Component, DeepPyramidDPM, FrontEnd, alexnet_conv5, latent_svm_loss
from reference.models.dpm import DPM_COMPONENTS
from tests.smoke import DEVICES, assert_learns

ROOT = Component((3, 2), ((0, 0), (1, 0)))


def front(channels: int = 2) -> FrontEnd:
    """Cells of 4 x 4 pixels that do not overlap."""
    return FrontEnd(nn.Conv2d(1, channels, 4, 4), channels, in_channels=1, stride=4, centre=1.5, least_side=4)


def small(**options: Any) -> DeepPyramidDPM:
    defaults = {"front": front(), "components": (ROOT,), "levels": 3, "longest_side": 40, "part_size": (2, 2)}
    return DeepPyramidDPM(**(defaults | options))


def test_features_are_those_of_conv5():
    with torch.device("meta"):
        found, pooled = (survey(alexnet_conv5(max5=max5), (1, 3, 227, 227)) for max5 in (False, True))
    assert found.output_shape == pooled.output_shape == (1, 256, 13, 13)
    assert found.field is not None
    assert pooled.field is not None
    assert found.field.size == published("alexnet.receptive_field_conv5").value == 163
    assert pooled.field.size == 195
    for survey_, max5 in ((found, False), (pooled, True)):
        end = alexnet_conv5(6, max5=max5)
        assert survey_.field is not None
        assert survey_.field.jump == end.stride == 16
        assert survey_.field.start + (survey_.field.size - 1) / 2 == end.centre == 17


def test_the_least_side_is_the_least():
    end = alexnet_conv5(6)
    assert end(torch.zeros(1, 3, end.least_side, 40)).shape == (1, 16, 1, 1)
    with pytest.raises(RuntimeError):
        end(torch.zeros(1, 3, end.least_side - 1, 40))


def test_the_pyramid_is_that_of_the_release():
    sides: list[tuple[int, ...]] = []
    end = front()
    end.layers.register_forward_pre_hook(lambda _, args: sides.append(tuple(args[0].shape[2:])))
    net = DeepPyramidDPM(end, (ROOT,), part_size=(2, 2))
    maps, scales = net.pyramid(torch.zeros(1, 1, 375, 500))
    assert [side[1] for side in sides] == [1713, 1211, 856, 606, 428, 303, 214]
    assert sides[0] == (1285, 1713)
    assert scales[2] == (642 / 375, 856 / 500)
    assert len(maps) == 7


def test_the_whole_net_at_papers_size():
    with torch.device("meta"):
        net = DeepPyramidDPM()
        levels = net(torch.zeros(1, 3, 375, 500))
    parts = sum(len(component.anchors) * 3 * 3 * 256 for component in DPM_COMPONENTS)
    roots = sum(component.root[0] * component.root[1] * 256 + 1 for component in DPM_COMPONENTS)
    assert sum(parameter.numel() for parameter in net.model.parameters()) == parts + roots + 12 * 4
    assert [level.number for level in levels] == list(range(7))


def test_features_are_scaled_and_framed():
    x = torch.randn(1, 1, 40, 40)
    plain, scaled = small(feature_scale=1.0), small(feature_scale=0.5, padding=2)
    scaled.front = plain.front
    torch.testing.assert_close(scaled.pyramid(x).maps[0][..., 2:-2, 2:-2], 0.5 * plain.pyramid(x).maps[0])
    assert not scaled.pyramid(x).maps[0][..., :2, :].any()


@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize(("sides", "box"), [((40, 40), (8, 12, 16, 24)), ((20, 20), (4, 6, 8, 12))])
def test_an_object_is_found_where_it_is(sides: tuple[int, int], box: tuple[int, ...], padding: int):
    """The root filter is the object itself: a bright rectangle of 3 x 2 cells, at the finest level."""
    net = small(levels=1, padding=padding, feature_scale=1.0)
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(net.front.layers.weight, 1 / 16)
    part: Any = net.model.components[0]
    nn.init.ones_(part.root.weight)
    x = torch.full((1, 1, *sides), -1.0)
    x1, y1, x2, y2 = box
    x[..., y1:y2, x1:x2] = 1
    (found,) = net.detect(x, score_threshold=7.0)  # 6 cells in 2 channels give 12, one cell off at most 8 - 4
    assert found.boxes.tolist() == [list(box)]
    assert found.labels.tolist() == [1]
    assert found.scores.tolist() == [pytest.approx(12, abs=0.1 if sides == (40, 40) else 4)]


def test_rows_and_columns_have_their_own_scale():
    """10 x 33 pixels become 12 x 40: a factor of 1.2 down, of 1.21 to the right."""
    (found,) = small(levels=1).detect(torch.randn(1, 1, 10, 33), score_threshold=-1e9, nms_threshold=1.0)
    assert len(found.boxes) == 9
    torch.testing.assert_close(found.boxes[:, 1::2], torch.tensor([[0.0, 10.0]]).expand(9, 2))
    assert found.boxes[:, 2].max().item() == pytest.approx(33)


def test_boxes_are_clipped_suppressed_and_as_large_as_their_component():
    net = small(components=(ROOT, Component((2, 4), ((0, 0),))), padding=1)
    (found, other) = net.detect(torch.randn(2, 1, 40, 30), score_threshold=-1e9, nms_threshold=0.3, limit=5)
    for boxes in (found.boxes, other.boxes):
        assert 1 < len(boxes) <= 5
        assert boxes.min() >= 0
        assert boxes[:, 2].max() <= 30
        assert boxes[:, 3].max() <= 40
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    x1, y1, x2, y2 = found.boxes.unbind(1)
    whole = (x1 > 0) & (y1 > 0) & (x2 < 30) & (y2 < 40)
    aspects = {round(aspect, 1) for aspect in ((y2 - y1) / (x2 - x1))[whole].tolist()}
    assert aspects <= {1.5, 0.5}


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch_down_to_the_features(device: str):
    net = small(feature_scale=1.0, components=(ROOT, Component((2, 3), ((0, 0),)))).to(device)
    x = torch.randn(4, 1, 36, 40, device=device)
    labels = torch.tensor([1, -1, 1, -1], device=device)
    assert_learns(lambda: latent_svm_loss(net(x), labels), net.parameters(), lr=0.02)


def test_alexnet_learns_too():
    net = DeepPyramidDPM(width=6, components=(ROOT,), part_size=(2, 2), levels=2, longest_side=150, feature_scale=1.0)
    x, labels = torch.randn(2, 3, 150, 140), torch.tensor([1, -1])
    x[1] = 0
    for layer in net.front.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)  # the paper's 0.01 is for 96 channels and more
    assert_learns(lambda: latent_svm_loss(net(x), labels), net.parameters(), lr=0.001, steps=12)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = small().double(), torch.randn(1, 1, 36, 40, dtype=torch.float64)
    want = net(x)[0].scores
    torch.testing.assert_close(net.cuda()(x.cuda())[0].scores.cpu(), want)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(dtype: torch.dtype):
    net, x = small().to(dtype), torch.randn(1, 1, 40, 40, dtype=dtype)
    assert net(x)[0].scores.dtype == dtype
    boxes = net.detect(x, score_threshold=-1e9)[0].boxes
    assert boxes.dtype == torch.promote_types(dtype, torch.float32)


def test_images_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, H, W\) with H and W of at least 1, got \(1, 3, 9, 9\)"):
        small()(torch.zeros(1, 3, 9, 9))
    text = r"a shorter side of at least 4 at the finest level, got 5 x 200 scaled to 1 x 40; use longest_side=160$"
    with pytest.raises(ShapeError, match=text):
        small()(torch.zeros(1, 1, 5, 200))
    assert small(longest_side=160).pyramid(torch.zeros(1, 1, 5, 200)).maps
    with pytest.raises(ShapeError, match=r"pyramid: expected a level 0 or coarser that holds a root, 3 x 2 cells"):
        small(longest_side=8)(torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("name", ["levels", "longest_side"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        small(**{name: 0})
