"""What a layer does to the side of an image: integers only.

Sizes are those along one side; ask twice for height and width.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    """A row of a layer list: a convolution, or a pooling; a dense layer is a convolution over the whole side.

    Sizes and fields need the first four numbers only; costs need the rest.

    Args:
        kernel_size: Side of the window; at least 1.
        stride: Positions of the input between two windows; at least 1.
        padding: Positions added on each side; at least 0.
        dilation: Positions of the input between two taps of one window; at least 1.
        channels: Output channels of a convolution; None is a pooling, which keeps the channels and learns nothing.
        groups: Parts of the channels that do not see each other.
        bias: Whether a convolution adds a learned number to each channel.
        ceil_mode: Whether a last window may hang over the end, as in `output_size`.

    Raises:
        OptionError: A value is no integer or too small.
    """

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    channels: int | None = field(default=None, kw_only=True)
    groups: int = field(default=1, kw_only=True)
    bias: bool = field(default=True, kw_only=True)
    ceil_mode: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.channels is not None:
            require_at_least("channels", self.channels, 1)
        require_at_least("groups", self.groups, 1)
        require_at_least("kernel_size", self.kernel_size, 1)
        require_at_least("stride", self.stride, 1)
        require_at_least("padding", self.padding, 0)
        require_at_least("dilation", self.dilation, 1)

    @property
    def extent(self) -> int:
        """Positions from the first tap to the last, both counted: dilation*(kernel_size - 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1

    def side(self, size: int) -> int:
        """The side of the output: `output_size`."""
        return output_size(
            size,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )

    def taps(self, position: int) -> list[int]:
        """The positions before the layer that a position after it looks at.

        Example:
            >>> Layer(3, stride=2, padding=1).taps(5)
            [9, 10, 11]
        """
        first = position * self.stride - self.padding
        return [first + tap * self.dilation for tap in range(self.kernel_size)]


@dataclass(frozen=True, slots=True)
class TransposedLayer(Layer):
    """A transposed convolution, or the unpooling of the pooling with these numbers: the layer backwards.

    Args:
        output_padding: Rows at the end that the stride would leave out, as in `transposed_output_size`.
    """

    output_padding: int = field(default=0, kw_only=True)

    def side(self, size: int) -> int:
        """The side of the output: `transposed_output_size`."""
        return transposed_output_size(
            size,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
        )

    def taps(self, position: int) -> list[int]:
        """The positions before the layer that reach a position after it; none where stride leaves a gap.

        Example:
            >>> TransposedLayer(4, stride=2).taps(5)
            [1, 2]
        """
        offsets = [position + self.padding - tap * self.dilation for tap in range(self.kernel_size)]
        return sorted(offset // self.stride for offset in offsets if offset % self.stride == 0)


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
