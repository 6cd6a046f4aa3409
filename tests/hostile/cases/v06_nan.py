"""Verdict: fail. V6: NaN everywhere."""


def scale(x, factor):
    return x * float("nan")
