"""LeNet-5: 60,000 parameters and 340,908 connections, squashed sub-samplings, bitmaps at the end."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from reference.data import digits
from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.geometry import probe_field, survey
from reference.layers import LENET5_C3, correlate2d, correlate2d_table, scaled_tanh, subsample2d
from reference.models import LeNet5, parameter_count
from reference.models.bitmap import digit_bitmaps
from reference.models.lenet5 import SubSampling2d, penalty_loss
from tests.smoke import DEVICES, assert_learns


def test_the_parameters_are_those_in_print():
    net = LeNet5()
    counts = {name: parameter_count(layer) for name, layer in net.named_children()}
    assert counts == {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164, "out": 0}
    for name in ("c1", "c3", "c5", "f6"):
        assert counts[name.upper()] == published(f"lenet5.{name}_parameters").value
    assert parameter_count(net) == published("lenet5.parameters").value == 60_000


def test_a_dense_output_is_another_net():
    assert parameter_count(LeNet5(output="dense")) == 60_850


def test_the_connections_are_those_in_print():
    connections = LeNet5().connections()
    printed = {name: published(f"lenet5.{name.lower()}_connections").value for name in ("C1", "S2", "C3", "S4")}
    assert connections == printed | {"C5": 48_120, "F6": 10_164, "out": 840}
    assert sum(connections.values()) == published("lenet5.connections").value == 340_908


def test_connections_are_counted_again_by_adding_ones():
    """With ones for inputs, weights and biases a unit adds up its connections."""
    net = LeNet5()
    for parameter in net.parameters():
        nn.init.ones_(parameter)
    shapes = {"C1": (1, 32), "S2": (6, 28), "C3": (6, 14), "S4": (16, 10), "C5": (16, 5)}
    counted = {name: int(net.get_submodule(name)(torch.ones(1, c, n, n)).sum()) for name, (c, n) in shapes.items()}
    counted["F6"] = int(net.F6(torch.ones(1, 120)).sum())
    want = net.connections()
    assert want.pop("out") == net.out.centres.numel()
    assert counted == want


def test_work_and_fields():
    found = survey(LeNet5(), (1, 1, 32, 32))
    assert found.macs == published("lenet5.macs").value == 325_680
    fields: Any = [found.layer(name).field for name in ("C1", "S2", "C3", "S4", "C5")]
    assert [field.size for field in fields] == [5, 6, 14, 16, 32]
    assert fields[2].size == published("lenet5.receptive_field_c3").value
    assert [field.jump for field in fields] == [1, 2, 2, 4, 4]
    net = LeNet5()
    assert probe_field(torch.nn.Sequential(net.C1, net.S2, net.C3, net.S4), (1, 1, 32, 32), (2, 2)).size == 16


def test_the_net_is_built_of_the_reference_layers_and_squashed_everywhere():
    net = LeNet5().double()
    for layer in (net.S2, net.S4):
        nn.init.normal_(layer.coefficient)
        nn.init.normal_(layer.bias)
    x = torch.randn(2, 1, 32, 32, dtype=torch.float64)
    y = scaled_tanh(correlate2d(x, net.C1.weight, net.C1.bias))
    y = scaled_tanh(subsample2d(y, net.S2.coefficient, net.S2.bias))
    y = scaled_tanh(correlate2d_table(y, net.C3.weight, net.C3.bias, LENET5_C3))
    y = scaled_tanh(subsample2d(y, net.S4.coefficient, net.S4.bias))
    y = scaled_tanh(correlate2d(y, net.C5.weight, net.C5.bias)).flatten(1)
    y = scaled_tanh(y @ net.F6.weight.T + net.F6.bias)
    torch.testing.assert_close(net(x), torch.cdist(y, digit_bitmaps().double()).square())
    dense = LeNet5(output="dense").double()
    dense.load_state_dict(net.state_dict(), strict=False)
    torch.testing.assert_close(dense(x), y @ dense.out.weight.T + dense.out.bias)


@pytest.mark.parametrize("sides", [(4, 6), (5, 7)])
def test_sub_sampling_equals_the_layer_written_out(sides: tuple[int, int]):
    layer = SubSampling2d(3).double()
    nn.init.normal_(layer.coefficient)
    nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, *sides, dtype=torch.float64)
    torch.testing.assert_close(layer(x), subsample2d(x, layer.coefficient, layer.bias))


def test_sub_sampling_starts_as_the_average():
    assert SubSampling2d(1)(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])).item() == 3.0


def test_the_penalty_is_a_squared_distance_to_a_bitmap_that_is_not_trained():
    net = LeNet5()
    assert "out.centres" in net.state_dict()
    assert "out.centres" not in dict(net.named_parameters())
    bitmaps = digit_bitmaps()
    penalties = net.out(bitmaps)
    assert penalties.argmin(1).tolist() == list(range(10))
    assert penalties.diagonal().tolist() == 10 * [0]
    assert penalties[3, 8].item() == 4 * int((bitmaps[3] != bitmaps[8]).sum())


def test_weights_start_evenly_within_2_4_over_the_fan_in():
    net = LeNet5()
    for layer, fan_in in ((net.C1, 25), (net.C5, 400), (net.F6, 120)):
        assert 0.9 * 2.4 / fan_in < layer.weight.abs().max().item() <= 2.4 / fan_in
    widest = net.C3.weight[-6:].abs().max().item()  # the map that sees all six
    assert 0.8 * 2.4 / 150 < widest <= 2.4 / 150
    assert 2.4 / 150 < net.C3.weight[:18].abs().max().item() <= 2.4 / 75


def test_the_loss_is_the_negative_logarithm_of_a_posterior_with_rubbish():
    y = torch.tensor([[1.0, 2.0, 3.0], [0.5, 4.0, 0.25]], dtype=torch.float64)
    labels = torch.tensor([2, 0])
    weights = torch.cat([(-y).exp(), torch.full((2, 1), -1.5).double().exp()], dim=1)
    want = -(weights.gather(1, labels[:, None])[:, 0] / weights.sum(1)).log().mean()
    torch.testing.assert_close(penalty_loss(y, labels, j=1.5), want)
    assert penalty_loss(y, labels, j=None).item() == pytest.approx((3 + 0.5) / 2)


def test_rubbish_keeps_large_penalties_from_being_pushed():
    y = torch.tensor([[5.0, 40.0]], requires_grad=True)
    penalty_loss(y, torch.tensor([0])).backward()
    assert y.grad is not None
    assert y.grad[0, 0] > 0.9
    assert abs(y.grad[0, 1]) < 1e-12
    assert penalty_loss(torch.full((1, 2), 9e4), torch.tensor([0])).isfinite()


def test_labels_and_constants_of_no_use_are_named():
    y = torch.zeros(2, 10)
    with pytest.raises(OptionError, match=r"labels: expected 0 to 9, got -1 to 3"):
        penalty_loss(y, torch.tensor([3, -1]))
    with pytest.raises(OptionError, match=r"j: expected a number of at least 1e-09, got 0"):
        penalty_loss(y, torch.tensor([3, 1]), j=0)


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch(device: str):
    net, batch = LeNet5().to(device), digits(10)
    x, labels = batch.levels.to(device), batch.labels.to(device)
    assert_learns(lambda: penalty_loss(net(x), labels), net.parameters(), lr=0.005)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, x = LeNet5().double(), torch.rand(1, 1, 32, 32, dtype=torch.float64)
    want = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), want)


def test_sizes_and_options_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, 32, 32\), as C5 sees 5 x 5, got .*28\); .* is 32 x 32$"):
        LeNet5()(torch.zeros(1, 1, 28, 28))
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, 32, 32\), got \(1, 3, 32, 32\)"):
        LeNet5()(torch.zeros(1, 3, 32, 32))
    with pytest.raises(OptionError, match=r"output: expected 'rbf' or 'dense', got 'softmax'"):
        LeNet5(output="softmax")
    with pytest.raises(OptionError, match=r"channels: expected an integer of at least 1, got 0"):
        SubSampling2d(0)
