"""Verdict: fail. V6: booleans instead of numbers."""


def scale(x, factor):
    return x == x
