"""Checks for the receptive field. Each docstring is the sentence the student reads."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from grader import expect
from grader.checks import check, probe
from grader.diagnose import NO_ANSWER
from grader.message import Message, msg
from reference import geometry

HAND_HINT = msg(
    "Go from the input to C2, layer by layer. A window of k adds k - 1 steps to the field; a step is as many input "
    "pixels wide as the strides of all layers before this one multiply to. Sub-sampling has a window too."
)
STACK_HINT = msg("The first kernel counts whole, each further one adds kernel_size - 1. No layers see one pixel.")
STRIDE_HINT = msg(
    "A layer's stride spreads the windows of the layers after it, not its own; the strides of several layers multiply."
)
DILATION_HINT = msg("Between kernel_size taps lie kernel_size - 1 gaps, and each gap is dilation pixels wide.")
PADDING_HINT = msg("Padding moves the field; it does not make it larger.")
TOGETHER_HINT = msg("What a layer adds, gaps included, is counted in pixels of its own input: each is a jump wide.")

Stack = list[dict[str, int]]


def side(layers: Stack) -> int:
    """The side of the receptive field, in input pixels."""
    return geometry.receptive_field([geometry.Layer(**layer) for layer in layers]).size


def area_hint(area: int) -> Message:
    """What to write instead of a bare area."""
    return msg(
        "{area} is the number of pixels in the whole field, and asked is its side. If you mean the area, say so: "
        "`{area} pixels in area`.",
        area=area,
    )


def is_right(answer: Any, wanted: int) -> bool:
    """Whether a number by hand names the side, or says that it is the area and is."""
    is_area = answer.is_area and len(answer.sides) == 1 and answer.value == wanted**2
    return (answer.value == wanted or is_area) and not answer.is_percent


def stacks(*, low: int = 1, high: int = 5, **options: tuple[int, int]) -> st.SearchStrategy[Stack]:
    """Stacks of layers; an option that is not named is left out of every layer, one that is named, of some."""
    keys = {name: st.integers(*bounds) for name, bounds in options.items()}
    layer = st.fixed_dictionaries({"kernel_size": st.integers(1, 7)}, optional=keys)
    return st.lists(layer, min_size=low, max_size=high)


def expect_side(student: Any, layers: Stack, hint: Message) -> None:
    """Demand the side of the field of this stack."""
    expect.number(student.receptive_field(layers), side(layers), name="field", hint=hint)


@check(points=3)
def number(answers, settings):
    """The receptive field of a C2 node, worked out by hand."""
    answer, wanted = answers["rf"], side(settings["layers"])
    hint = area_hint(wanted**2) if answer.value == wanted**2 else HAND_HINT
    # The number is the same for the whole class: the report says what is wrong with an answer, not the right one.
    expect.true(is_right(answer, wanted), msg("The number is not right."), got=str(answer), hint=hint)


@check(points=1, examples=30)
@given(layers=stacks(low=0))
def convolutions(student, layers):
    """Convolutions with stride 1: the first kernel, then kernel_size - 1 each; no layers see one pixel."""
    expect_side(student, layers, STACK_HINT)


@check(points=2, after=convolutions, examples=40)
@given(layers=stacks(stride=(1, 3)))
def strides(student, layers):
    """A stride widens what all later layers see, and not what its own layer sees."""
    expect_side(student, layers, STRIDE_HINT)


@check(points=1, after=convolutions, examples=30)
@given(layers=stacks(dilation=(1, 3)))
def dilations(student, layers):
    """A dilated kernel spans dilation * (kernel_size - 1) + 1 pixels."""
    expect_side(student, layers, DILATION_HINT)


@check(points=1, after=convolutions, examples=30)
@given(layers=stacks(padding=(0, 3)))
def paddings(student, layers):
    """Padding changes where a field lies, not how large it is."""
    expect_side(student, layers, PADDING_HINT)


@check(points=1, after=(strides, dilations, paddings), examples=40)
@given(layers=stacks(low=2, stride=(1, 3), dilation=(1, 3), padding=(0, 3)))
def together(student, layers):
    """Strides, dilations and paddings in one stack."""
    expect_side(student, layers, TOGETHER_HINT)


STACKS = (
    [],
    [{"kernel_size": 5}, {"kernel_size": 2, "stride": 2}, {"kernel_size": 5}],
    [{"kernel_size": 3}, {"kernel_size": 7}],
    [{"kernel_size": 11, "stride": 4}, {"kernel_size": 3, "stride": 2}, {"kernel_size": 5, "stride": 3}],
    [{"kernel_size": 3, "dilation": 2, "padding": 2}, {"kernel_size": 3, "dilation": 3, "padding": 3}],
    [{"kernel_size": 1, "stride": 2, "padding": 1}, {"kernel_size": 4, "dilation": 3}],
)


@probe
def by_hand(answers, settings):
    """The number that was worked out by hand; a right one says nothing about a mistake in the code."""
    answer = answers["rf"]
    return NO_ANSWER if answer.value is None or is_right(answer, side(settings["layers"])) else answer.value


@probe
def in_code(student):
    """What the function makes of some stacks; if all is right that says nothing about a mistake by hand."""
    fields = [student.receptive_field(layers) for layers in STACKS]
    return NO_ANSWER if fields == [side(layers) for layers in STACKS] else fields
