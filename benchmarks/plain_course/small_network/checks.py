"""Three plain checks of a small network: its parameters, its scores, and three steps of training."""

import math

import numpy as np

from grader import expect
from grader.checks import check
from grader.message import msg

CLASSES = 5
PARAMETERS = (3 * 9 + 1) * 8 + 2 * 8 + (8 * 9 + 1) * 16 + (16 + 1) * CLASSES


@check(points=1)
def parameters(student):
    """The network has the parameters of its layers."""
    expect.number(student.count_parameters(CLASSES), PARAMETERS, name="parameters")


@check(points=1)
def scores(student):
    """One score for each image and class, and no probabilities."""
    x = np.random.default_rng(0).standard_normal((4, 3, 16, 16)).astype(np.float32)
    y = expect.array(student.scores(x, CLASSES), shape=(4, CLASSES))
    sums = y.sum(1)
    expect.true(not np.allclose(sums, 1, atol=1e-4), msg("Each row adds up to 1: these are probabilities."))


@check(points=1)
def training(student):
    """The loss begins near the logarithm of the number of classes, and three steps of training lower it."""
    x = np.random.default_rng(1).standard_normal((8, 3, 16, 16)).astype(np.float32)
    losses = expect.array(student.train(x, np.arange(8) % CLASSES, CLASSES, steps=3), shape=(4,), name="losses")
    expect.true(abs(losses[0] - math.log(CLASSES)) < 1, msg("The first loss is not that of a network that guesses."))
    expect.true(losses[-1] < losses[0], msg("The loss has not fallen."))
