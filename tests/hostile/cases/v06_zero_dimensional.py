"""Verdict: fail. V6: one number for all."""


def scale(x, factor):
    return 4.0
