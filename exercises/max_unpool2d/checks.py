"""Checks for max_unpool2d. Each docstring is the sentence the student reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader import expect
from grader.checks import check, probe
from grader.message import msg

Array = npt.NDArray[Any]

PLACE_HINT = msg("An index is row * W_out + column in the plane of its own image and channel.")
SIZE_HINT = msg("The output has the sides of output_size, whatever the sides of x: a pool may have dropped a row.")
OVERLAP_HINT = msg("Where one index comes twice the value stands there once: set it, do not add it.")


@dataclass(frozen=True)
class Case:
    """Arguments of one call, made by really pooling an image."""

    x: Array
    indices: Array
    output_size: tuple[int, int]

    def ask(self, student: Any) -> Any:
        """What the student's function returns."""
        return student.max_unpool2d(self.x, self.indices, self.output_size)

    def wanted(self) -> Array:
        """What it should return: a loop over every element."""
        y = np.zeros((*self.x.shape[:2], *self.output_size))
        for n, c, i, j in np.ndindex(*self.x.shape):
            y[(n, c, *divmod(int(self.indices[n, c, i, j]), self.output_size[1]))] = self.x[n, c, i, j]
        return y


def pooled(image: Array, kernel_size: int, stride: int) -> Case:
    """Max pooling with switches; windows that do not fit whole are dropped."""
    N, C, H, W = image.shape
    H_out, W_out = (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1
    x, indices = np.zeros((N, C, H_out, W_out)), np.zeros((N, C, H_out, W_out), np.int64)
    for n, c, i, j in np.ndindex(N, C, H_out, W_out):
        top, left = i * stride, j * stride
        window = image[n, c, top : top + kernel_size, left : left + kernel_size]
        row, column = divmod(int(window.argmax()), kernel_size)
        x[n, c, i, j] = window[row, column]
        indices[n, c, i, j] = (top + row) * W + left + column
    return Case(x, indices, (H, W))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    N: tuple[int, int] = (1, 1),
    C: tuple[int, int] = (1, 1),
    is_odd: bool = False,
    kernel_size: int = 2,
    stride: int = 2,
) -> Case:
    """A pooled image of small integers; odd sides have a row or column that no window covers."""
    sides = [
        draw(st.integers(1, 2)) * stride + kernel_size - stride + is_odd * draw(st.integers(0, 1)) for _ in range(2)
    ]
    shape = (draw(st.integers(*N)), draw(st.integers(*C)), *sides)
    return pooled(
        draw(nps.arrays(np.int64, shape, elements=st.integers(-9, 9))).astype(np.float64), kernel_size, stride
    )


@check(points=2, examples=40)
@given(case=cases())
def places(student, case):
    """Each value stands where its switch says, and zeros stand elsewhere."""
    expect.equal(case.ask(student), case.wanted(), hint=PLACE_HINT)


@check(points=1, after=places, examples=30)
@given(case=cases(is_odd=True))
def sizes(student, case):
    """The output has the size that was asked for, odd sides included."""
    expect.equal(case.ask(student), case.wanted(), hint=SIZE_HINT)


@check(points=1, after=places, examples=30)
@given(case=cases(N=(1, 2), C=(1, 3)))
def planes(student, case):
    """Every image and every channel is unpooled in its own plane."""
    expect.equal(case.ask(student), case.wanted(), hint=PLACE_HINT)


@check(points=1, after=places, examples=40)
@given(case=cases(kernel_size=3, stride=1))
def overlaps(student, case):
    """A value that several windows share stands there once."""
    expect.equal(case.ask(student), case.wanted(), hint=OVERLAP_HINT)


@check(points=1, after=places, examples=20)
@given(case=cases(C=(1, 2)))
def unchanged(student, case):
    """The arguments are the same after the call as before."""
    left = student.ask("max_unpool2d", case.x, case.indices, case.output_size, echo=True)["args"]
    expect.unchanged(case.x, left[0], name="x")
    expect.unchanged(case.indices, left[1], name="indices")


def pattern(*shape: int) -> Array:
    """Integers from -5 to 5 in which neighbours differ."""
    places = np.arange(int(np.prod(shape)))
    return ((places * places + 3 * places) % 11 - 5.0).reshape(shape)


@probe
def plain(student):
    """One plane that is not square."""
    return pooled(pattern(1, 1, 4, 6), 2, 2).ask(student)


@probe
def odd(student):
    """Sides that the pool does not divide."""
    return pooled(pattern(1, 1, 5, 7), 2, 2).ask(student)


@probe
def layered(student):
    """Two images of three channels."""
    return pooled(pattern(2, 3, 4, 2), 2, 2).ask(student)


@probe
def overlapping(student):
    """Windows of three that step by one."""
    return pooled(pattern(1, 1, 4, 5), 3, 1).ask(student)


@probe
def left_behind(student):
    """The arguments as a call leaves them."""
    case = pooled(pattern(1, 2, 4, 4), 2, 2)
    return student.ask("max_unpool2d", case.x, case.indices, case.output_size, echo=True)["args"]
