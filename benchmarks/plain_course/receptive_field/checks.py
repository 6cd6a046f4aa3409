"""Four plain checks of a receptive field: one call each, against numbers worked out by hand."""

from typing import Any

from grader import expect
from grader.checks import check


def compare(student: Any, wanted: int, *layers: tuple[int, int]) -> None:
    """Layers are (kernel_size, stride)."""
    stack = [{"kernel_size": kernel_size, "stride": stride} for kernel_size, stride in layers]
    expect.number(student.receptive_field(stack), wanted, name="field")


@check(points=1)
def one_layer(student):
    """One layer sees its kernel."""
    compare(student, 5, (5, 1))


@check(points=1)
def two_layers(student):
    """A second layer adds kernel_size - 1."""
    compare(student, 9, (3, 1), (7, 1))


@check(points=1)
def strides(student):
    """A stride widens what later layers see."""
    compare(student, 14, (5, 1), (2, 2), (5, 1))


@check(points=1)
def many_layers(student):
    """The first layers of AlexNet."""
    compare(student, 195, (11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2))
