"""Verdict: error. R12: recursion without end."""


def scale(x, factor):
    return scale(x, factor)
