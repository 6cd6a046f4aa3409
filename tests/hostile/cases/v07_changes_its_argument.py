"""Verdict: fail. V7: the right values, in the caller's array."""


def scale(x, factor):
    x *= factor
    return x
