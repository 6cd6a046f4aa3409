"""Verdict: fail. R16: answers with a list of a million numbers."""


def scale(x, factor):
    return [0.0] * 10**6
