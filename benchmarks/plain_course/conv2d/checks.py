"""Five plain checks of a convolution: one call each, the expected values computed here."""

from typing import Any

import numpy as np

from grader import expect
from grader.checks import check


def wanted(x: Any, weight: Any, *, stride: int = 1, padding: int = 0) -> Any:
    """The convolution, tap by tap."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = ((size - tap) // stride + 1 for size, tap in zip(x.shape[2:], weight.shape[2:], strict=True))
    y = np.zeros((len(x), len(weight), height, width))
    for u, v in np.ndindex(*weight.shape[2:]):
        pixels = x[:, :, u : u + stride * height : stride, v : v + stride * width : stride]
        y += np.einsum("nchw,oc->nohw", pixels, weight[:, :, u, v])
    return y


def compare(student: Any, *shapes: tuple[int, ...], **options: int) -> None:
    """Call the student's function on random numbers and compare."""
    draw = np.random.default_rng(0).standard_normal
    x, weight = map(draw, shapes)
    expect.close(student.conv2d(x, weight, **options), wanted(x, weight, **options), terms=weight[0].size)


@check(points=1)
def by_hand(student):
    """One image, one filter, whole numbers."""
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    expect.equal(student.conv2d(x, np.ones((1, 1, 2, 2))), wanted(x, np.ones((1, 1, 2, 2))))


@check(points=1)
def channels(student):
    """Three channels in, four out."""
    compare(student, (2, 3, 8, 8), (4, 3, 3, 3))


@check(points=1)
def strides(student):
    """Every second window."""
    compare(student, (2, 3, 9, 8), (4, 3, 3, 3), stride=2)


@check(points=1)
def paddings(student):
    """A border of zeros."""
    compare(student, (2, 3, 8, 8), (4, 3, 3, 3), padding=1)


@check(points=1)
def sizes(student):
    """Images and filters that are not square."""
    compare(student, (1, 2, 7, 12), (3, 2, 5, 3), stride=2, padding=2)
