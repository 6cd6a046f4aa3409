"""Verdict: fail. V6: infinities everywhere."""

import numpy as np


def scale(x, factor):
    return np.full(x.shape, np.inf)
