"""The block is convolution, normalisation and ReLU, whichever way the convolution runs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from reference.layers import batch_norm2d, conv_transpose2d, correlate2d, relu
from reference.models.block import ConvBlock
from reference.models.plan import Conv, Deconv


@pytest.mark.parametrize(
    ("row", "layer"),
    [
        (Conv("c", 2), correlate2d),
        (Conv("c", 2, 3, 2, 2), correlate2d),
        (Deconv("d", 2, 2, 0), conv_transpose2d),
        (Deconv("d", 2, 2, 1, 3), conv_transpose2d),
    ],
)
def test_a_block_is_the_reference_layers_in_a_row(row: Conv, layer: object):
    block = ConvBlock(row, in_channels=3, width=2).double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    y = layer(x, block.conv.weight, block.conv.bias, padding=row.padding, dilation=row.dilation)  # type: ignore[operator]
    want = relu(batch_norm2d(y, block.norm.weight, block.norm.bias, training=True).y)
    torch.testing.assert_close(block(x), want)
    assert want.shape[1] == 4


def test_without_normalisation_there_is_none():
    block = ConvBlock(Conv("c", 1), 1, 1, batch_norm=False)
    assert [type(layer) for layer in block] == [nn.Conv2d, nn.ReLU]
