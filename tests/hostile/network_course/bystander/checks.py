"""An honest exercise beside the attacked one."""

import numpy as np

from grader import expect
from grader.checks import check


@check(points=5)
def values(student):
    """Every element is doubled."""
    x = np.array([[1.0, 2.0, 3.0]])
    expect.equal(student.double(x), 2 * x)
