"""Verdict: error. X5: an exception with very many words."""


def scale(x, factor):
    raise ValueError("x" * 10**8)
