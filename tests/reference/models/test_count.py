"""Counting parameters: shared ones once, running statistics not at all."""

from __future__ import annotations

from torch import nn

from reference.models import parameter_count


def test_scale_and_shift_of_normalisation_can_be_left_out():
    net = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4), nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5)))
    convolution, dense = 3 * 4 * 4 + 4, 4 * 5 + 5
    assert parameter_count(net) == convolution + 8 + dense + 10
    assert parameter_count(net, batch_norm=False) == convolution + dense


def test_a_layer_used_twice_counts_once():
    layer = nn.Linear(2, 2)
    assert parameter_count(nn.Sequential(layer, nn.ReLU(), layer)) == 6


def test_a_weight_that_two_layers_share_counts_once():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    assert parameter_count(nn.Sequential(first, second)) == 8
