"""One property, whose right answer no attack may reach without computing it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader import expect
from grader.checks import check


@check(points=10, examples=10)
@given(
    x=nps.arrays(np.float64, nps.array_shapes(min_dims=2, max_dims=2, max_side=4), elements=st.integers(-9, 9)),
    factor=st.integers(2, 9),
)
def values(student, x, factor):
    """Every element is multiplied by the factor, and the argument is left alone."""
    answer = student.ask("scale", x + 1, factor, echo=True)
    expect.equal(answer["value"], (x + 1) * factor)
    expect.unchanged(x + 1, answer["args"][0], name="x")
