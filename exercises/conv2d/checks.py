"""Checks for conv2d. Each docstring is the sentence the student reads."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader import expect
from grader.checks import check, probe


def ref(x, w):
    H, W = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    return np.array([[(x[i : i + w.shape[0], j : j + w.shape[1]] * w).sum() for j in range(W)] for i in range(H)])


@check(points=1)
def identity(student):
    """A 1 x 1 filter of one returns the image unchanged."""
    x = np.arange(12.0).reshape(3, 4)
    expect.equal(student.conv2d(x, np.ones((1, 1))), x)


@check(points=2, after=identity)
@given(h=st.integers(1, 3), w=st.integers(1, 3), seed=st.integers(0, 1000))
def values(student, h, w, seed):
    """Values are right."""
    r = np.random.default_rng(seed)
    x, k = r.integers(-3, 4, (h + 2, w + 1)).astype(float), r.integers(-3, 4, (h, w)).astype(float)
    expect.equal(student.conv2d(x, k), ref(x, k))

@probe
def sample(student):
    return student.conv2d(np.arange(12.0).reshape(3, 4), np.array([[1.,2],[3,5]]))
