"""The rows of a net's layer table: what a paper prints, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution.

    Args:
        name: As in the paper, with underscores.
        channels: Output channels, in widths of the net; 8 means 512 at width 64.
        kernel_size: Side of the filter.
        padding: Border on each side.
        dilation: Positions between two taps of the filter; above 1 in DeepLab.
    """

    name: str
    channels: int
    kernel_size: int = 3
    padding: int = 1
    dilation: int = 1


@dataclass(frozen=True, slots=True)
class Deconv(Conv):
    """A transposed convolution with stride 1, called deconvolution in the papers."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A 2x2 max-pooling with stride 2 that keeps its switches."""

    name: str


@dataclass(frozen=True, slots=True)
class Unpool:
    """The unpooling that uses the switches of the pooling with the same `stage`, 1 for the first."""

    name: str
    stage: int
