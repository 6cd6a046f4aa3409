"""Learned numbers, multiply-accumulate steps and activations of layers: integers only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reference.errors import OptionError, require_at_least
from reference.geometry.size import Layer, Pair, TransposedLayer, pair


def _area(argument: str, sides: Pair) -> int:
    height, width = pair(argument, sides, 1)
    return height * width


def _conv_weights(in_channels: int, out_channels: int, kernel_size: Pair, groups: int) -> int:
    require_at_least("in_channels", in_channels, 1)
    require_at_least("out_channels", out_channels, 1)
    require_at_least("groups", groups, 1)
    for argument, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise OptionError(argument, f"a multiple of groups = {groups}", repr(channels))
    return _area("kernel_size", kernel_size) * (in_channels // groups) * out_channels


def conv_parameters(
    in_channels: int, out_channels: int, kernel_size: Pair, *, groups: int = 1, bias: bool = True
) -> int:
    """Count the learned numbers of a convolution (or of a transposed one): they do not depend on the image.

        K_h*K_w * C_in/groups * C_out  +  C_out if there is a bias

    Raises:
        OptionError: A number is no integer or too small, or `groups` does not divide the channels.

    Example:
        >>> conv_parameters(64, 64, 3)  # VGG-16, conv1_2
        36928
    """
    return _conv_weights(in_channels, out_channels, kernel_size, groups) + (out_channels if bias else 0)


def conv_macs(in_channels: int, out_channels: int, kernel_size: Pair, output_sides: Pair, *, groups: int = 1) -> int:
    """Count the multiply-accumulate steps of a convolution on one image; twice as many operations (FLOPs).

        H_out*W_out * K_h*K_w * C_in/groups * C_out

    Bias additions are not counted.

    Raises:
        OptionError: A number is no integer or too small, or `groups` does not divide the channels.

    Example:
        >>> conv_macs(64, 128, 3, 112)  # VGG-16, conv2_1
        924844032
    """
    weights = _conv_weights(in_channels, out_channels, kernel_size, groups)
    return _area("output_sides", output_sides) * weights


def dense_parameters(in_features: int, out_features: int, *, bias: bool = True) -> int:
    """Count the learned numbers of a fully connected layer; without the bias also its multiply-accumulate steps.

    Example:
        >>> dense_parameters(7 * 7 * 512, 4096)  # VGG-16, fc6
        102764544
    """
    require_at_least("in_features", in_features, 1)
    require_at_least("out_features", out_features, 1)
    return in_features * out_features + (out_features if bias else 0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one layer of a list takes, for one image.

    Args:
        channels: Channels of its output.
        sides: Height and width of its output.
        parameters: Learned numbers.
        macs: Multiply-accumulate steps.
    """

    channels: int
    sides: tuple[int, int]
    parameters: int
    macs: int

    @property
    def activations(self) -> int:
        """Numbers in the output."""
        return self.channels * math.prod(self.sides)

    def memory(self, bytes_each: int = 4) -> int:
        """Bytes of the output; 4 each in float32."""
        return bytes_each * self.activations


def layer_costs(layers: Iterable[Layer], in_channels: int, sides: Pair) -> list[Cost]:
    """Follow an image through a layer list, and count what every layer takes.

    A transposed convolution takes one filter a channel for every position of its
    *input*, a convolution for every position of its output.

    Args:
        layers: From the input on; rows without `channels` are poolings (or unpoolings).
        in_channels: Channels of the image.
        sides: Height and width of the image, or one number for both.

    Raises:
        OptionError: A number is too small, or `groups` does not divide the channels.
        ShapeError: A window is larger than its padded image.

    Example:
        >>> lenet = [Layer(5, channels=6), Layer(2, 2), Layer(5, channels=16), Layer(2, 2), Layer(5, channels=120)]
        >>> costs = layer_costs(lenet, 1, 32)
        >>> [cost.parameters for cost in costs]
        [156, 0, 2416, 0, 48120]
        >>> sum(cost.activations for cost in costs), sum(cost.memory() for cost in costs)
        (8000, 32000)
    """
    channels, before = in_channels, pair("sides", sides, 1)
    costs = []
    for layer in layers:
        after = layer.side(before[0]), layer.side(before[1])
        out_channels = channels if layer.channels is None else layer.channels
        parameters = macs = 0
        if layer.channels is not None:
            k, groups = layer.kernel_size, layer.groups
            parameters = conv_parameters(channels, out_channels, k, groups=groups, bias=layer.bias)
            places = before if isinstance(layer, TransposedLayer) else after
            macs = conv_macs(channels, out_channels, k, places, groups=groups)
        costs.append(Cost(out_channels, after, parameters, macs))
        channels, before = out_channels, after
    return costs
