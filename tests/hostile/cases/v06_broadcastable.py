"""Verdict: fail. V6: a shape that would broadcast."""


def scale(x, factor):
    return (x * factor)[None]
