"""Training Faster R-CNN: jointly, and in four steps that end in one trunk."""

from __future__ import annotations

import copy

import torch
from torch import nn

from reference.models.detection.faster_rcnn import FasterRCNN, ProposalOptions
from reference.models.detection.faster_training import PAPER, TrainingOptions, train_alternating, train_jointly
from tests.scenes import awaken, scenes, seeded

FEW = ProposalOptions(before_nms=100, after_nms=20, least_side=8)
QUICK = TrainingOptions(lr=0.02, weight_decay=0.0, passes=3)


def small() -> FasterRCNN:
    torch.manual_seed(0)
    net = FasterRCNN(num_classes=4, width=1, scales=(1, 2, 3), testing=FEW, training=FEW)
    awaken(net.detector.trunk, net.detector.head.fc6, net.detector.head.fc7, net.detector.head.dropout)
    return net


def weights(module: nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in module.parameters()])


def test_the_papers_options():
    assert tuple(PAPER) == (0.001, 0.9, 0.0005, 1)


def test_joint_training_goes_down_and_moves_everything():
    net, batch = small(), scenes(1, inclusive=True)
    before = copy.deepcopy(net)
    losses = train_jointly(net, [batch], QUICK._replace(passes=8), generator=seeded())
    assert len(losses) == 8
    assert sum(losses[-3:]) < sum(losses[:3])
    for part in ("detector.trunk", "detector.head", "rpn"):
        assert not torch.equal(weights(net.get_submodule(part)), weights(before.get_submodule(part)))


def test_four_steps_end_in_one_trunk_that_the_last_two_leave_alone():
    net = small()
    trained_trunks, starts = [], weights(net.detector.trunk)
    batches = [scenes(1, seed=seed, inclusive=True) for seed in (0, 1)]

    def remember(module: nn.Module, _: object, __: object) -> None:
        if module.training and torch.is_grad_enabled():
            trained_trunks.append(weights(module))

    # copies of the net take the hook along
    net.detector.trunk.register_forward_hook(remember)
    before = weights(net)
    result = train_alternating(net, batches, QUICK, count=32, generator=seeded())
    assert [len(losses) for losses in result.losses] == 4 * [6]
    first, second, third, fourth = (trained_trunks[6 * step : 6 * step + 6] for step in range(4))
    assert torch.equal(first[0], starts)
    assert torch.equal(second[0], starts)  # again from the pre-trained trunk: nothing is shared yet
    assert not torch.equal(first[-1], starts)
    assert not torch.equal(second[-1], starts)
    final = weights(result.net.detector.trunk)
    assert not torch.equal(first[-1], final)  # the proposer's first trunk is thrown away
    for trunk in third + fourth:
        assert torch.equal(trunk, final)  # fixed
    assert torch.equal(weights(net), before)  # the net that was given stays


def test_the_last_two_steps_train_the_layers_of_their_own():
    net, batches = small(), [scenes(1, inclusive=True)]
    result = train_alternating(net, batches, QUICK, count=32, generator=seeded())
    assert not torch.equal(weights(result.net.rpn), weights(net.rpn))
    assert not torch.equal(weights(result.net.detector.head), weights(net.detector.head))
    assert result.losses[0][-1] < result.losses[0][0]
    found = result.net.eval().detect(batches[0][0])
    assert len(found) == 1
