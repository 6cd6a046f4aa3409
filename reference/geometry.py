"""Sizes, receptive fields and costs of layers: integers only, no arrays.

Sizes and fields are those along one side of the image; ask twice for height and width.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reference.errors import OptionError, ShapeError, require_at_least

Pair = int | tuple[int, int]


def pair(argument: str, value: Pair, minimum: int) -> tuple[int, int]:
    """Read a number for both axes, or (vertical, horizontal).

    Raises:
        OptionError: Not one or two integers, or one below `minimum`.

    Example:
        >>> pair("stride", 2, 1), pair("stride", (2, 1), 1)
        ((2, 2), (2, 1))
    """
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(numbers) != 2:
        raise OptionError(argument, "an integer or (vertical, horizontal)", repr(value))
    for number in numbers:
        require_at_least(argument, number, minimum)
    return numbers[0], numbers[1]


@dataclass(frozen=True, slots=True)
class Layer:
    """What a convolution or a pooling layer does to the geometry; channels do not matter here.

    Args:
        kernel_size: Side of the window; at least 1.
        stride: Positions of the input between two windows; at least 1.
        padding: Positions added on each side; at least 0.
        dilation: Positions of the input between two taps of one window; at least 1.

    Raises:
        OptionError: A value is no integer or too small.
    """

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def __post_init__(self) -> None:
        require_at_least("kernel_size", self.kernel_size, 1)
        require_at_least("stride", self.stride, 1)
        require_at_least("padding", self.padding, 0)
        require_at_least("dilation", self.dilation, 1)

    @property
    def extent(self) -> int:
        """Positions from the first tap to the last, both counted: dilation*(kernel_size - 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1


def output_size(
    size: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> int:
    """Count the windows that fit on one side of the image.

        output = floor((size + 2*padding - dilation*(kernel_size - 1) - 1) / stride) + 1

    With `ceil_mode` the division rounds up, so that a last window may hang over
    the end, unless it would start beyond the image and its leading padding.

    Raises:
        OptionError: An option is no integer or too small.
        ShapeError: The window is larger than the padded image.

    Example:
        >>> output_size(227, 11, stride=4)
        55
        >>> output_size(45, 2, stride=2), output_size(45, 2, stride=2, ceil_mode=True)
        (22, 23)

    Source:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep
        learning", arXiv:1603.07285, relationship 6; the dilated form is its
        relationship 15.  `ceil_mode` is the default rounding of caffe's pooling layer.
    """
    require_at_least("size", size, 1)
    extent = Layer(kernel_size, stride, padding, dilation).extent
    room = size + 2 * padding - extent
    if room < 0:
        raise ShapeError(
            "size",
            f"at least {extent - 2 * padding} for a window that spans {extent} with padding {padding}",
            repr(size),
            "enlarge the image or the padding, or shrink kernel_size or dilation",
        )
    windows = room // stride + 1
    # One more hangs over, if any room is left and its first tap is not in the trailing padding.
    if ceil_mode and room % stride and windows * stride < size + padding:
        windows += 1
    return windows


def transposed_output_size(
    size: int, kernel_size: int, *, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Find the side of a transposed convolution's result.

        output = (size - 1)*stride - 2*padding + dilation*(kernel_size - 1) + 1 + output_padding

    Padding is taken away here, where the convolution added it; `output_padding`
    chooses among the sizes that a strided convolution maps to the same one.

    Raises:
        OptionError: An option is no integer or too small, or `output_padding`
            is not smaller than stride or dilation.
        ShapeError: Nothing would be left of the result.

    Example:
        >>> transposed_output_size(16, 64, stride=32)
        544

    Source:
        Dumoulin and Visin, arXiv:1603.07285, relationship 14; 544 is the
        upsampling of FCN-32s (Long et al., CVPR 2015).
    """
    require_at_least("size", size, 1)
    require_at_least("output_padding", output_padding, 0)
    layer = Layer(kernel_size, stride, padding, dilation)
    if output_padding >= max(stride, dilation):
        raise OptionError(
            "output_padding",
            f"less than stride {stride} or dilation {dilation}",
            repr(output_padding),
            "a larger one would only append empty rows",
        )
    output = (size - 1) * stride - 2 * padding + layer.extent + output_padding
    if output < 1:
        raise ShapeError(
            "padding",
            f"less than half of the {output + 2 * padding} positions that are there to remove",
            repr(padding),
            "use a smaller padding or a larger kernel_size",
        )
    return output


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What one output position sees of the input.

    Args:
        size: Input pixels that can change it, along one side.
        jump: Input pixels between the fields of two neighbouring outputs.
        start: First input pixel that output 0 sees; negative where it begins in the padding.
    """

    size: int = 1
    jump: int = 1
    start: int = 0

    @property
    def padding(self) -> int:
        """Padding of the whole stack in input pixels: where the first field begins, counted outwards."""
        return -self.start

    @property
    def overlap(self) -> int:
        """Pixels that two neighbouring outputs both see."""
        return max(0, self.size - self.jump)

    def pixels(self, index: int) -> tuple[int, int]:
        """First and last input pixel that output `index` sees; pixels outside the image are padding."""
        first = self.start + index * self.jump
        return first, first + self.size - 1


@dataclass(frozen=True, slots=True)
class Step:
    """One layer's part in the growth of a receptive field.

    Example:
        >>> [str(step) for step in receptive_field_steps([Layer(5), Layer(2, stride=2), Layer(5)])]
        ['1 + (5 - 1)*1 = 5', '5 + (2 - 1)*1 = 6', '6 + (5 - 1)*2 = 14']
    """

    layer: Layer
    before: ReceptiveField
    after: ReceptiveField

    def __str__(self) -> str:
        dilation = f"{self.layer.dilation}*" if self.layer.dilation > 1 else ""
        grown = f"{dilation}({self.layer.kernel_size} - 1)*{self.before.jump}"
        return f"{self.before.size} + {grown} = {self.after.size}"


def receptive_field_steps(layers: Iterable[Layer]) -> list[Step]:
    """Follow the receptive field through the layers, from the input on, one step a layer.

        size'  = size + dilation*(kernel_size - 1)*jump
        start' = start - padding*jump
        jump'  = jump*stride

    The window is scaled by the jump *before* its own layer: a layer's stride
    spreads the windows of the layers after it, not its own taps.

    Source:
        Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
        Neural Networks", Distill 2019, doi:10.23915/distill.00021.
    """
    field = ReceptiveField()
    steps = []
    for layer in layers:
        after = ReceptiveField(
            size=field.size + (layer.extent - 1) * field.jump,
            jump=field.jump * layer.stride,
            start=field.start - layer.padding * field.jump,
        )
        steps.append(Step(layer, field, after))
        field = after
    return steps


def receptive_field(layers: Iterable[Layer]) -> ReceptiveField:
    """Find what one output position of a stack of layers sees of the input; no layer sees one pixel.

    Example:
        >>> receptive_field([Layer(5), Layer(2, stride=2), Layer(5)])
        ReceptiveField(size=14, jump=2, start=0)
    """
    steps = receptive_field_steps(layers)
    return steps[-1].after if steps else ReceptiveField()


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
