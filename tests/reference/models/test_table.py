"""Convolution by a table as a module: equal to the layer written out, with the weights and the work of the links alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.geometry import survey
from reference.layers import LENET5_C3, correlate2d_table
from reference.models import parameter_count
from reference.models.lenet1989 import LENET1989_H2
from reference.models.table import TableConv2d


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("table", [((2,), (0, 1), (2, 0, 1)), ((1, 0),)])
def test_it_equals_the_layer_written_out(table: Any, bias: bool, stride: int):
    layer = TableConv2d(3, table, 2, stride=stride, bias=bias).double()
    if bias:
        torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x), correlate2d_table(x, layer.weight, layer.bias, table, stride=stride))


@pytest.mark.parametrize(("maps", "table", "links"), [(6, LENET5_C3, 60), (12, LENET1989_H2, 96)])
def test_weights_and_work_are_those_of_the_links(maps: int, table: Any, links: int):
    layer = TableConv2d(maps, table, 5)
    assert layer.weight.shape == (links, 5, 5)
    assert parameter_count(layer) == links * 25 + len(table)
    assert survey(layer, (1, maps, 14, 14)).macs == links * 25 * 100


def test_an_output_map_ignores_what_it_is_not_linked_to():
    layer = TableConv2d(3, ((0, 2), (1,)), 2)
    x = torch.randn(1, 3, 3, 3)
    other = x.clone()
    other[:, 1] += 1
    assert torch.equal(layer(x)[:, 0], layer(other)[:, 0])
    assert not torch.equal(layer(x)[:, 1], layer(other)[:, 1])


def test_weights_start_within_the_bound_of_their_own_map():
    layer = TableConv2d(12, ((0,), tuple(range(12))), 5)
    layer.start(2.4)
    first, second = layer.weight[:1].abs().max().item(), layer.weight[1:].abs().max().item()
    assert 0.8 * 2.4 / 25 < first <= 2.4 / 25
    assert 0.8 * 2.4 / 300 < second <= 2.4 / 300
    layer.start(2.4, 0.5)
    assert 0.8 * 2.4 / 300**0.5 < layer.weight[1:].abs().max().item() <= 2.4 / 300**0.5
    assert layer.bias is not None
    assert not layer.bias.any()


@pytest.mark.parametrize("table", [(), ((0,), ()), ((0, 0),)])
def test_tables_of_no_use_are_named(table: Any):
    with pytest.raises(OptionError, match="table: expected rows of one map or more, none twice, got"):
        TableConv2d(3, table, 2)


@pytest.mark.parametrize("table", [((3,),), ((-1,),)])
def test_maps_that_are_not_there_are_named(table: Any):
    with pytest.raises(ShapeError, match="table: expected maps from 0 to 2, got"):
        TableConv2d(3, table, 2)


@pytest.mark.parametrize("name", ["in_channels", "kernel_size", "stride"])
def test_options_of_no_use_are_named(name: str):
    with pytest.raises(OptionError, match=f"{name}: expected an integer of at least 1, got 0"):
        TableConv2d(**({"in_channels": 1, "table": ((0,),), "kernel_size": 1} | {name: 0}))


@pytest.mark.parametrize("shape", [(1, 2, 5, 5), (3, 5, 5), (1, 3, 1, 5)])
def test_batches_that_do_not_fit_are_named(shape: tuple[int, ...]):
    with pytest.raises(ShapeError, match=r"x: expected \(N, 3, H, W\) with H and W of at least 2, got"):
        TableConv2d(3, ((0,),), 2)(torch.zeros(shape))
