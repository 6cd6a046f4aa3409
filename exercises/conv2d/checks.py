"""Checks for conv2d. Each docstring is the sentence the student reads."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader import expect
from grader.checks import check, probe
from grader.message import msg
from reference import geometry
from reference.array import correlate2d

Array = npt.NDArray[Any]

SIZE_HINT = msg(
    "H_out = floor((H + 2*padding - K_h) / stride) + 1 and W_out = floor((W + 2*padding - K_w) / stride) + 1: "
    "the two axes have their own sizes, and a window that does not fit whole is left out."
)
ORDER_HINT = msg(
    "One window: multiply weight[o, c, u, v] with the pixel at the same (u, v) of the window and add all products; the "
    "kernel is not turned."
)
SLIDE_HINT = msg("The window at (i, j) begins at row i and column j; rows and columns are not exchanged.")
CHANNEL_HINT = msg("Each input channel has its own kernel; their results are added into one map, not averaged.")
FILTER_HINT = msg("Output channel o comes from weight[o] alone; weight has C_out filters.")
BIAS_HINT = msg("bias[o] is added once to each element of output channel o, after the sum of products is complete.")
STRIDE_HINT = msg("The window at (i, j) begins at row i*stride and column j*stride, whatever the kernel's size.")
PADDING_HINT = msg(
    "Put `padding` rows and columns of zeros on each of the four sides of every plane, and on no other axis."
)
BATCH_HINT = msg("Each image of the batch has its own result.")
NUMBER_HINT = msg(
    "Keep the numbers in floating point: an array made by np.zeros(shape, dtype=int) cuts fractions off, and int8 "
    "overflows beyond 127."
)


@dataclass(frozen=True)
class Case:
    """Arguments of one call; an option that is left out is not passed."""

    x: Array
    weight: Array
    bias: Array | None = None
    options: dict[str, int] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[Array, ...]:
        """The positional arguments."""
        return (self.x, self.weight) if self.bias is None else (self.x, self.weight, self.bias)

    def ask(self, student: Any) -> Any:
        """What the student's function returns."""
        return student.conv2d(*self.arguments, **self.options)

    def wanted(self) -> Array:
        """What it should return."""
        return correlate2d(*self.arguments, **self.options)

    def wanted_shape(self) -> tuple[int, ...]:
        """The shape that the result should have."""
        H_out, W_out = (
            geometry.output_size(size, kernel_size, **self.options)
            for size, kernel_size in zip(self.x.shape[2:], self.weight.shape[2:], strict=True)
        )
        return self.x.shape[0], self.weight.shape[0], H_out, W_out


@functools.cache
def arrays(*shape: int) -> st.SearchStrategy[Array]:
    """Small integers as float64: every sum is exact, and can be redone by hand."""
    return nps.arrays(np.int64, shape, elements=st.integers(-5, 5)).map(lambda array: array.astype(np.float64))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    N: tuple[int, int] = (1, 1),
    C_in: tuple[int, int] = (1, 1),
    C_out: tuple[int, int] = (1, 1),
    kernel: tuple[int, int] = (1, 3),
    room: int = 3,
    stride: tuple[int, int] | None = None,
    padding: tuple[int, int] | None = None,
    with_bias: bool = False,
) -> Case:
    """A call whose sizes lie within these bounds; `room` is how far an image may exceed its kernel."""
    images, channels, filters = (draw(st.integers(*bounds)) for bounds in (N, C_in, C_out))
    options = {}
    if stride is not None:
        options["stride"] = draw(st.integers(*stride))
    if padding is not None:
        options["padding"] = draw(st.integers(*padding))
    kernels = draw(st.tuples(st.integers(*kernel), st.integers(*kernel)))
    border = 2 * options.get("padding", 0)
    sides = [draw(st.integers(max(1, size - border), size + room)) for size in kernels]
    bias = draw(arrays(filters)) if with_bias else None
    return Case(draw(arrays(images, channels, *sides)), draw(arrays(filters, channels, *kernels)), bias, options)


planes = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(lambda sides: arrays(1, 1, *sides))


@check(points=1, examples=15)
@given(x=planes)
def identity(student, x):
    """A 1 x 1 kernel of one returns the image unchanged."""
    expect.equal(student.conv2d(x, np.ones((1, 1, 1, 1))), x)


@check(points=2, examples=40)
@given(case=cases(N=(1, 2), C_in=(1, 2), C_out=(1, 2), kernel=(1, 4), stride=(1, 3), padding=(0, 2)))
def output_size(student, case):
    """The output has the right shape for every kernel, stride and padding."""
    expect.array(case.ask(student), shape=case.wanted_shape(), hint=SIZE_HINT)


@check(points=1, after=identity, examples=25)
@given(case=cases(kernel=(1, 4), room=0))
def one_window(student, case):
    """One window, as large as its image: the sum of the products, the kernel not turned."""
    expect.equal(case.ask(student), case.wanted(), hint=ORDER_HINT)


@check(points=2, after=one_window, examples=40)
@given(case=cases(kernel=(1, 4)))
def sliding(student, case):
    """The kernel slides over the whole image; neither need be square."""
    expect.equal(case.ask(student), case.wanted(), hint=SLIDE_HINT)


@check(points=2, after=one_window, examples=25)
@given(case=cases(C_in=(2, 3), kernel=(1, 2), room=1))
def channels(student, case):
    """The input channels are summed, each with its own kernel."""
    expect.equal(case.ask(student), case.wanted(), hint=CHANNEL_HINT)


@check(points=1, after=one_window, examples=25)
@given(case=cases(C_out=(2, 3), kernel=(1, 2), room=1))
def filters(student, case):
    """Each filter gives one output channel, in the order of the filters."""
    expect.equal(case.ask(student), case.wanted(), hint=FILTER_HINT)


@check(points=2, examples=25)
@given(case=cases(C_in=(1, 2), C_out=(1, 3), room=1, with_bias=True))
def bias(student, case):
    """The bias is added once to each output element: an image of zeros gives the bias alone."""
    dark = Case(np.zeros_like(case.x), case.weight, case.bias)
    expect.equal(dark.ask(student), dark.wanted(), hint=BIAS_HINT)


@check(points=2, after=sliding, examples=40)
@given(case=cases(stride=(2, 3), room=4))
def stride(student, case):
    """Values are right for strides 2 and 3, also where the stride does not divide the size."""
    expect.equal(case.ask(student), case.wanted(), hint=STRIDE_HINT)


@check(points=2, after=sliding, examples=40)
@given(case=cases(padding=(0, 2), room=1))
def padding(student, case):
    """Values are right for paddings 0, 1 and 2: zeros on all four sides."""
    expect.equal(case.ask(student), case.wanted(), hint=PADDING_HINT)


@check(points=1, after=one_window, examples=25)
@given(case=cases(N=(2, 3), kernel=(1, 2), room=1))
def batch(student, case):
    """Every image of a batch has its own result."""
    expect.equal(case.ask(student), case.wanted(), hint=BATCH_HINT)


@functools.cache
def quarters(*shape: int, dtype: str = "float64") -> st.SearchStrategy[Array]:
    """Numbers up to 250 in steps of a quarter, exact in float32 too."""
    whole = nps.arrays(np.int64, shape, elements=st.integers(-1000, 1000))
    return whole.map(lambda array: (array / 4).astype(dtype))


@check(points=1, after=one_window, examples=30)
@given(
    case=st.sampled_from(["float64", "float32"]).flatmap(
        lambda dtype: st.builds(Case, quarters(1, 1, 2, 3, dtype=dtype), quarters(1, 1, 1, 2, dtype=dtype))
    )
)
def numbers(student, case):
    """Fractions and large numbers come out right, for float64 and for float32."""
    scale = float(Case(np.abs(case.x), np.abs(case.weight)).wanted().max())
    expect.close(case.ask(student), case.wanted(), terms=case.weight.size, scale=scale, hint=NUMBER_HINT)


@check(points=1, after=sliding, examples=20)
@given(case=cases(kernel=(1, 2), room=1, stride=(1, 2), padding=(0, 1), with_bias=True))
def unchanged(student, case):
    """The arguments are the same after the call as before."""
    left = student.ask("conv2d", *case.arguments, echo=True, **case.options)["args"]
    for name, before, after in zip(("x", "weight", "bias"), case.arguments, left, strict=True):
        expect.unchanged(before, after, name=name)


@check(points=2, after=(channels, filters, bias, stride, padding, batch), examples=60)
@given(case=cases(N=(1, 2), C_in=(1, 3), C_out=(1, 3), stride=(1, 3), padding=(0, 2), with_bias=True))
def together(student, case):
    """Everything at once: batch, channels, filters, bias, stride and padding."""
    expect.equal(case.ask(student), case.wanted())


def pattern(*shape: int, start: int = 0) -> Array:
    """Integers from -5 to 5 in which no two rows, columns or channels are alike."""
    places = np.arange(start, start + int(np.prod(shape)))
    return ((places * places + 3 * places) % 11 - 5.0).reshape(shape)


@probe
def plain(student):
    """An image and a kernel that are not square."""
    return student.conv2d(pattern(1, 1, 4, 7), pattern(1, 1, 2, 3, start=2))


@probe
def square(student):
    """The kernel that most people try first, 3 x 3."""
    return student.conv2d(pattern(1, 1, 5, 6), pattern(1, 1, 3, 3, start=1))


@probe
def layered(student):
    """Several images, channels and filters."""
    return student.conv2d(pattern(2, 3, 4, 5), pattern(2, 3, 3, 2, start=4))


@probe
def biased(student):
    """Zeros, so that only the bias is left."""
    return student.conv2d(np.zeros((1, 2, 4, 3)), pattern(3, 2, 3, 2), np.array([1.0, -2.0, 5.0]))


@probe
def strided(student):
    """A stride that does not divide the size."""
    return student.conv2d(pattern(1, 1, 8, 7), pattern(1, 1, 3, 2), stride=2)


@probe
def wide_strided(student):
    """A stride that exceeds the kernel."""
    return student.conv2d(pattern(1, 1, 8, 9), pattern(1, 1, 2, 2), stride=3)


@probe
def padded(student):
    """A border of one."""
    return student.conv2d(pattern(1, 2, 4, 3), pattern(1, 2, 3, 2), padding=1)


@probe
def wide_padded(student):
    """A border of two, and a stride."""
    return student.conv2d(pattern(1, 1, 3, 4), pattern(1, 1, 2, 3), stride=2, padding=2)


@probe
def fractional(student):
    """Numbers that integers cannot hold."""
    return student.conv2d(pattern(1, 1, 3, 4) * 0.25 + 100, pattern(1, 1, 2, 2) * 1.5)


@probe
def left_behind(student):
    """The arguments as a call leaves them."""
    arguments = pattern(1, 2, 4, 3), pattern(2, 2, 2, 2), np.array([1.0, 2.0])
    return student.ask("conv2d", *arguments, echo=True)["args"]
