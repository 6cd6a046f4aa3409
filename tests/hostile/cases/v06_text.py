"""Verdict: fail. V6: the numbers as text."""


def scale(x, factor):
    return str((x * factor).tolist())
