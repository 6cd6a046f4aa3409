"""VGG-16 to conv5_3, and its dense layers for a region with two siblings."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from reference.errors import OptionError
from reference.layers import correlate2d, max_pool2d, relu
from reference.models import VGG16
from reference.models.detection.trunk import TRUNK_TABLE, Conv5Trunk, RegionHead
from reference.models.plan import Conv


def test_the_trunk_is_built_of_the_reference_layers():
    trunk = Conv5Trunk(2, 1).double()
    x = torch.randn(1, 2, 45, 50, dtype=torch.float64)
    y = x
    for row in TRUNK_TABLE:
        if isinstance(row, Conv):
            y = relu(correlate2d(y, trunk.layers[row.name].conv.weight, trunk.layers[row.name].conv.bias, padding=1))
        else:
            y = max_pool2d(y, 2, ceil_mode=True).y
    torch.testing.assert_close(trunk(x), y)


def test_the_trunk_takes_the_weights_of_a_trained_vgg16():
    classifier, trunk, head = VGG16(num_classes=5, width=1), Conv5Trunk(width=1), RegionHead(8, 64, 4)
    trunk.load_state_dict(classifier.features.state_dict())
    head.fc6.load_state_dict(classifier.classifier.fc6.state_dict())
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(F.max_pool2d(trunk(x), 2), classifier.features(x).y)


def test_the_first_two_stages_can_be_frozen():
    trunk = Conv5Trunk(width=1)
    trunk.freeze()
    learned = [name for name, layer in trunk.layers.items() if layer.conv.weight.requires_grad]
    assert learned == [row.name for row in TRUNK_TABLE if isinstance(row, Conv)][4:]
    assert learned[0] == "conv3_1"
    with pytest.raises(OptionError, match="last: expected 'conv1_1' or .*, got 'pool2'"):
        trunk.freeze("pool2")


def test_the_head_is_two_dense_layers_and_two_siblings():
    head = RegionHead(3, 8, 5).double().eval()
    pooled = torch.randn(2, 3, 7, 7, dtype=torch.float64)
    y = relu(pooled.reshape(2, -1) @ head.fc6.weight.T + head.fc6.bias)  # channel-major
    y = relu(y @ head.fc7.weight.T + head.fc7.bias)
    scores, offsets = head(pooled)
    torch.testing.assert_close(scores, head.cls_score(y))
    torch.testing.assert_close(offsets, head.bbox_pred(y).reshape(2, 5, 4))  # class c: outputs 4c to 4c + 3


def test_the_siblings_start_from_small_gaussians():
    torch.manual_seed(1)
    head = RegionHead(4, 300, 21)
    assert head.cls_score.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert head.bbox_pred.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert not head.cls_score.bias.any()
    assert not head.bbox_pred.bias.any()
