"""LeNet of 1989: a bias for every unit, a border of background, strides instead of pooling."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from reference.data import digits
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import survey
from reference.layers import correlate2d, correlate2d_table
from reference.models import LeNet1989, parameter_count
from reference.models.lenet1989 import LENET1989_H2, squared_error
from tests.smoke import DEVICES, assert_learns


def test_the_counts_are_those_in_print():
    net = LeNet1989()
    assert parameter_count(net) == published("lenet1989.parameters").value == 9_760
    connections = net.connections()
    assert connections == {"H1": 19_968, "H2": 38_592, "H3": 5_790, "out": 310}
    assert all(published(f"lenet1989.connections_{name}".lower()).value == n for name, n in connections.items())
    assert sum(connections.values()) == published("lenet1989.connections").value == 64_660
    units = 16 * 16 + net.h1_bias.numel() + net.h2_bias.numel() + net.h3.out_features + net.out.out_features
    assert units == published("lenet1989.units").value == 1_256


def test_connections_are_counted_again_by_adding_ones():
    """With ones for inputs, weights and biases, and a border of ones, a unit adds up its connections."""
    net = LeNet1989()
    for parameter in net.parameters():
        nn.init.ones_(parameter)
    h1 = net.h1(torch.ones(1, 1, 20, 20)) + net.h1_bias
    h2 = net.h2(torch.ones(1, 12, 12, 12)) + net.h2_bias
    counted = [h1, h2, net.h3(torch.ones(1, 192)), net.out(torch.ones(1, 30))]
    assert [int(units.sum()) for units in counted] == list(net.connections().values())


def test_biases_are_per_unit_and_not_per_map():
    net = LeNet1989()
    assert net.h1_bias.shape == (12, 8, 8)
    assert net.h2_bias.shape == (12, 4, 4)
    assert net.h1.bias is net.h2.bias is None
    per_map = parameter_count(net) - 768 - 192 + 12 + 12
    assert per_map == 8_824  # the popular wrong count


def test_work_and_fields():
    found = survey(LeNet1989(), (1, 1, 16, 16))
    assert found.macs == published("lenet1989.macs").value == 63_660
    fields: Any = [found.layer(name).field for name in ("h1", "h2", "h3")]
    assert [(field.size, field.jump, field.start) for field in fields[:2]] == [(5, 2, -2), (13, 4, -6)]
    assert fields[2].size == 25
    assert not [row for row in found.layers if "pooling" in row.operation]


def test_every_map_of_h2_sees_8_maps_of_h1():
    assert [len(set(seen)) for seen in LENET1989_H2] == 12 * [8]
    assert {c for seen in LENET1989_H2 for c in seen} == set(range(12))
    gradient = torch.autograd.functional.jacobian(LeNet1989().h2, torch.rand(1, 12, 5, 5))
    seen = gradient[0, :, 0, 0, 0].abs().sum((2, 3)) > 0  # (12 outputs, 12 inputs)
    assert seen.sum(1).tolist() == 12 * [8]
    assert [tuple(row.nonzero().flatten().tolist()) for row in seen] == list(LENET1989_H2)


def test_the_border_is_background():
    """An empty image looks the same at the border as in the middle; padded with zeros it would not."""
    net, seen = LeNet1989(), []
    net.h2.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach()))
    net(torch.full((1, 1, 16, 16), -1.0))
    (h1,) = seen  # framed
    inside = h1[0, :, 2:-2, 2:-2].flatten(1)
    torch.testing.assert_close(inside, inside[:, :1].expand_as(inside))
    assert (h1[:, :, :2] == -1).all()
    assert (h1[..., -2:] == -1).all()


def test_the_net_is_built_of_the_reference_layers_and_tanh_is_everywhere():
    net = LeNet1989().double()
    for bias in (net.h1_bias, net.h2_bias, net.h3.bias, net.out.bias):
        nn.init.normal_(bias)
    x = 2 * torch.rand(2, 1, 16, 16, dtype=torch.float64) - 1
    h1 = (correlate2d(F.pad(x, (2, 2, 2, 2), value=-1), net.h1.weight, stride=2) + net.h1_bias).tanh()
    framed = F.pad(h1, (2, 2, 2, 2), value=-1)
    h2 = (correlate2d_table(framed, net.h2.weight, None, LENET1989_H2, stride=2) + net.h2_bias).tanh()
    h3 = (h2.flatten(1) @ net.h3.weight.T + net.h3.bias).tanh()
    torch.testing.assert_close(net(x), (h3 @ net.out.weight.T + net.out.bias).tanh())


@pytest.mark.parametrize(("initial", "power"), [("fan_in", 1.0), ("root", 0.5)])
def test_weights_start_evenly_within_2_4_over_the_fan_in(initial: str, power: float):
    net = LeNet1989(initial=initial)
    for layer, fan_in in ((net.h1, 25), (net.h2, 200), (net.h3, 192), (net.out, 30)):
        bound = 2.4 / fan_in**power
        assert 0.9 * bound < layer.weight.abs().max().item() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert not net.h1_bias.any()


def test_the_error_is_a_mean_square_to_targets_of_plus_and_minus_1():
    outputs = torch.tensor([[0.5, -1.0], [0.0, 1.0]])
    want = (0.25 + 0 + 1 + 0) / 4
    assert squared_error(outputs, torch.tensor([0, 1])).item() == pytest.approx(want)
    with pytest.raises(OptionError, match=r"labels: expected 0 to 1, got 0 to 2"):
        squared_error(outputs, torch.tensor([0, 2]))


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch(device: str):
    net, batch = LeNet1989(initial="root").to(device), digits(10, 16)
    x, labels = (2 * batch.images - 1).to(device), batch.labels.to(device)
    assert_learns(lambda: squared_error(net(x), labels), net.parameters(), lr=0.1)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = LeNet1989().double(), torch.rand(1, 1, 16, 16, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (1, 3, 16, 16), (16, 16)])
def test_images_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, 16, 16\)"):
        LeNet1989()(torch.zeros(shape))
    with pytest.raises(ShapeError, match=r"the nearest size that works is 16 x 16$"):
        LeNet1989()(torch.zeros(1, 1, 28, 28))


def test_options_of_no_use_are_named():
    with pytest.raises(OptionError, match=r"initial: expected 'fan_in' or 'root', got 'he'"):
        LeNet1989(initial="he")
    with pytest.raises(OptionError, match=r"table: expected 12 rows of 8 maps, got rows of \[8\]"):
        LeNet1989((tuple(range(8)),))
