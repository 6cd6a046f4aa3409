"""Verdict: fail,error. V3: an object whose pickle would run code, and an object array."""

import numpy as np


class Payload:
    def __reduce__(self):
        return print, ("owned",)


def scale(x, factor):
    return np.array([[Payload()]], dtype=object)
