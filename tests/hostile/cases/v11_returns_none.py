"""Verdict: fail. V11: returns nothing."""


def scale(x, factor):
    return None
