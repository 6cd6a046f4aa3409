"""The record of one forward pass."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.geometry.trace import in_evaluation_mode, record, tensors_in


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 2, 3), act=nn.ReLU(inplace=True)))

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(self.first(x), 2)


def test_operators_are_written_down_with_their_modules_and_arguments():
    x = torch.zeros(1, 1, 6, 6)
    calls, output = record(Net(), (x,))
    assert [(call.operator, call.module) for call in calls] == [
        ("convolution", "first.conv"), ("relu", "first.act"), ("max_pool2d_with_indices", "")
    ]  # fmt: skip
    conv, relu, pool = calls
    assert conv.get("input") is x
    assert conv.get("stride") == [1, 1]
    assert conv.get("nothing", 7) == 7
    assert relu.written == relu.tensors == relu.results == conv.results
    assert relu.is_pointwise
    assert pool.results[0] is output


def test_views_are_told_from_copies():
    class Views(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.view(4).clone()

    calls, _ = record(Views(), (torch.zeros(2, 2),))
    assert [(call.operator, call.is_view) for call in calls] == [("view", True), ("clone", False)]


def test_without_values_batch_normalisation_keeps_the_shape():
    calls, output = record(nn.BatchNorm2d(3).to("meta"), (torch.zeros(2, 3, 4, 5, device="meta"),))
    assert calls[-1].operator == "native_batch_norm"
    assert calls[-1].results[0] is output
    assert output.shape == (2, 3, 4, 5)


def test_modes_are_restored_when_the_model_raises():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Dropout())
    model[0].eval()
    with pytest.raises(RuntimeError):
        record(model, (torch.zeros(1, 1, 2, 2),))
    assert [module.training for module in model.modules()] == [True, False, True]
    with in_evaluation_mode(model):
        assert not any(module.training for module in model.modules())


def test_tensors_are_found_in_nested_values():
    a, b, c = (torch.zeros(i) for i in (1, 2, 3))
    assert tensors_in({"first": [a, (b, 1)], "second": {"third": c}}) == [a, b, c]
    assert tensors_in("text") == []
