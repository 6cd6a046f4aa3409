"""Verdict: fail. V6: an empty array."""


def scale(x, factor):
    return x[:0]
