"""Verdict: fail. V5: a subclass of ndarray that equals everything."""

import numpy as np


class Agreeable(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __ne__(self, other):
        return np.zeros(self.shape, bool)


def scale(x, factor):
    return np.zeros(x.shape).view(Agreeable)
