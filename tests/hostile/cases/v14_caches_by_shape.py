"""Verdict: fail. V14: remembers its answers by shape."""

CACHE = {}


def scale(x, factor):
    return CACHE.setdefault(x.shape, x * factor)
