"""Verdict: fail. V6: the right numbers in another shape."""


def scale(x, factor):
    return (x * factor).ravel()[:, None, None]
