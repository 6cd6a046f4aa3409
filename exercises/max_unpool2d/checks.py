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

PLACE_HINT = msg("An index counts row by row in the large plane: its row is index // W_out, its column index % W_out.")
SIGN_HINT = msg("The largest value of a window may be negative, and it goes back all the same; zeros stand elsewhere.")
SIZE_HINT = msg("The output has the sides of output_size, whatever the sides of x: pooling may have left a row out.")
PLANE_HINT = msg("Each image and each channel has its own plane, and its indices count within that plane.")
OVERLAP_HINT = msg("Where one index comes twice the value stands there once: set it, do not add it.")
WINDOW_HINT = msg("The index alone says where a value belongs; the size of the window is not needed.")
NUMBER_HINT = msg("The result must hold what x holds: an array made by np.zeros(shape, dtype=int) cuts fractions off.")


@dataclass(frozen=True)
class Case:
    """One call: what a pooling with square windows made of an image, and the image's size."""

    x: Array
    indices: Array
    output_size: tuple[int, int]

    def ask(self, student: Any) -> Any:
        """What the student's function returns."""
        return student.max_unpool2d(self.x, self.indices, self.output_size)

    def wanted(self) -> Array:
        """What it should return: a loop over every element."""
        y = np.zeros((*self.x.shape[:2], *self.output_size), self.x.dtype)
        for n, c, i, j in np.ndindex(*self.x.shape):
            y[(n, c, *divmod(int(self.indices[n, c, i, j]), self.output_size[1]))] = self.x[n, c, i, j]
        return y


def pooled(image: Array, kernel_size: int = 2, stride: int = 2) -> Case:
    """Pool an image with switches; windows that do not fit whole are left out."""
    N, C, H, W = image.shape
    H_out, W_out = (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1
    x, indices = np.zeros((N, C, H_out, W_out), image.dtype), np.zeros((N, C, H_out, W_out), np.int64)
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
    window: tuple[int, int] = (2, 2),
    rest: int = 0,
    values: tuple[int, int] = (-9, 9),
    unit: float = 1.0,
    dtypes: tuple[str, ...] = ("float64",),
) -> Case:
    """A pooled image; `window` is kernel size and stride, up to `rest` rows and columns are left out by the pooling."""
    kernel_size, stride = window
    counts = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    sides = [(count - 1) * stride + kernel_size + draw(st.integers(0, rest)) for count in counts]
    shape = (draw(st.integers(*N)), draw(st.integers(*C)), *sides)
    image = draw(nps.arrays(np.int64, shape, elements=st.integers(*values))) * unit
    return pooled(image.astype(draw(st.sampled_from(dtypes))), kernel_size, stride)


@check(points=2, examples=25)
@given(case=cases(values=(1, 9)))
def places(student, case):
    """Each value stands where its switch says, and zeros stand elsewhere."""
    expect.equal(case.ask(student), case.wanted(), hint=PLACE_HINT)


@check(points=1, after=places, examples=20)
@given(case=cases(values=(-9, 1)))
def negatives(student, case):
    """Negative values go back too."""
    expect.equal(case.ask(student), case.wanted(), hint=SIGN_HINT)


@check(points=1, after=places, examples=20)
@given(case=cases(values=(1, 9), rest=1))
def sizes(student, case):
    """The output has the size that was asked for, odd sides included."""
    expect.equal(case.ask(student), case.wanted(), hint=SIZE_HINT)


@check(points=2, after=places, examples=25)
@given(case=cases(N=(1, 2), C=(1, 3), values=(1, 9)))
def planes(student, case):
    """Every image and every channel is unpooled in its own plane."""
    expect.equal(case.ask(student), case.wanted(), hint=PLANE_HINT)


@check(points=1, after=places, examples=25)
@given(case=st.sampled_from([(3, 2), (2, 1)]).flatmap(lambda window: cases(window=window, values=(1, 9))))
def overlaps(student, case):
    """A value that several windows share stands there once."""
    expect.equal(case.ask(student), case.wanted(), hint=OVERLAP_HINT)


@check(points=1, after=places, examples=20)
@given(case=cases(window=(3, 3), rest=2, values=(1, 9)))
def windows(student, case):
    """The windows may have any size: here they are 3 x 3."""
    expect.equal(case.ask(student), case.wanted(), hint=WINDOW_HINT)


@check(points=1, after=places, examples=15)
@given(case=cases(values=(1, 1000), unit=0.25, dtypes=("float64", "float32")))
def numbers(student, case):
    """Fractions and large numbers come back as they are, in float64 and in float32."""
    expect.close(case.ask(student), case.wanted(), terms=1, hint=NUMBER_HINT)


@check(points=1, after=places, examples=10)
@given(case=cases(N=(1, 2), C=(1, 2), values=(1, 9)))
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
    return pooled(pattern(1, 1, 4, 6) + 6).ask(student)


@probe
def dark(student):
    """A plane without a positive number."""
    return pooled(pattern(1, 1, 4, 4) - 6).ask(student)


@probe
def odd(student):
    """Sides that the pool does not divide."""
    return pooled(pattern(1, 1, 5, 7) + 6).ask(student)


@probe
def layered(student):
    """Two images of three channels."""
    return pooled(pattern(2, 3, 4, 2) + 6).ask(student)


@probe
def overlapping(student):
    """Windows of three that step by one."""
    return pooled(pattern(1, 1, 4, 5) + 6, 3, 1).ask(student)


@probe
def wide(student):
    """Windows of three, side by side."""
    return pooled(pattern(1, 1, 6, 6) + 6, 3, 3).ask(student)


@probe
def fractional(student):
    """Numbers that integers cannot hold."""
    return pooled(pattern(1, 1, 2, 4) / 4 + 6).ask(student)


@probe
def left_behind(student):
    """The arguments as a call leaves them."""
    case = pooled(pattern(2, 2, 4, 4) + 6)
    return student.ask("max_unpool2d", case.x, case.indices, case.output_size, echo=True)["args"]
