"""Checks for the receptive field. Each docstring is the sentence the student reads."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from grader import expect
from grader.checks import check, probe
from grader.message import msg
from reference.geometry import Layer
from reference.geometry import receptive_field as reference_field

RULE = msg(
    "From the input on: field += dilation * (kernel_size - 1) * jump, then jump *= stride; both begin at 1, and padding "
    "plays no part."
)
Stack = list[dict[str, int]]


def lecture(settings: Any) -> Stack:
    """C1, S1, C2 of the lecture, with the sizes that the exercise's settings say."""
    return [
        {"kernel_size": settings["kernel1"], "stride": settings["stride1"]},
        {"kernel_size": settings["pool"], "stride": settings["pool_stride"]},
        {"kernel_size": settings["kernel2"]},
    ]


def wanted(layers: Stack) -> int:
    """The side of the receptive field by the reference."""
    size = reference_field([Layer(**layer) for layer in layers]).size
    return size[0] if isinstance(size, tuple) else size


def stacks(*, low: int = 0, high: int = 5, **options: tuple[int, int]) -> st.SearchStrategy[Stack]:
    """Stacks of layers; an option that is not named is left out of every layer."""
    keys = {name: st.integers(*bounds) for name, bounds in options.items()}
    return st.lists(
        st.fixed_dictionaries({"kernel_size": st.integers(1, 7)}, optional=keys), min_size=low, max_size=high
    )


@check(points=3)
def number(answers, settings):
    """The receptive field of a C2 node, worked out by hand."""
    side = wanted(lecture(settings))
    given_number = answers["rf"]
    if given_number.is_area:
        expect.number(given_number.value, side * side, name="area", hint=RULE)
    else:
        expect.true(
            set(given_number.sides) == {side} and given_number.high is None and not given_number.is_approximate,
            msg("The number is not right."),
            got=str(given_number),
            hint=RULE,
        )


@check(points=1)
@given(layers=stacks(high=4))
def convolutions(student, layers):
    """Convolutions with stride 1 add kernel_size - 1 each; no layers see one pixel."""
    expect.number(student.receptive_field(layers), wanted(layers), name="field", hint=RULE)


@check(points=2, after=convolutions)
@given(layers=stacks(low=1, stride=(1, 3)))
def strides(student, layers):
    """A stride widens what all later layers see, and not what its own layer sees."""
    expect.number(student.receptive_field(layers), wanted(layers), name="field", hint=RULE)


@check(points=1, after=convolutions)
@given(layers=stacks(low=1, dilation=(1, 3)))
def dilations(student, layers):
    """A dilated kernel spans dilation * (kernel_size - 1) + 1 pixels."""
    expect.number(student.receptive_field(layers), wanted(layers), name="field", hint=RULE)


@check(points=1, after=convolutions)
@given(layers=stacks(low=1, padding=(0, 3)))
def paddings(student, layers):
    """Padding changes where a field lies, not how large it is."""
    expect.number(student.receptive_field(layers), wanted(layers), name="field", hint=RULE)


@probe
def by_hand(answers):
    """The number that was worked out by hand."""
    return str(answers["rf"])


@probe
def lenet(student):
    """Convolution, sub-sampling, convolution."""
    return student.receptive_field([{"kernel_size": 5}, {"kernel_size": 2, "stride": 2}, {"kernel_size": 5}])


@probe
def strided(student):
    """Strides in the first and the last layer."""
    return student.receptive_field(
        [{"kernel_size": 11, "stride": 4}, {"kernel_size": 3, "stride": 2}, {"kernel_size": 5, "stride": 3}]
    )


@probe
def dilated(student):
    """Dilation and padding."""
    return student.receptive_field(
        [{"kernel_size": 3, "dilation": 2, "padding": 2}, {"kernel_size": 3, "dilation": 3, "padding": 3}]
    )


@probe
def pointwise(student):
    """A stride in a layer of one pixel, padded."""
    return student.receptive_field([{"kernel_size": 1, "stride": 2, "padding": 1}, {"kernel_size": 4}])
