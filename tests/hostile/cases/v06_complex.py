"""Verdict: fail. V6: complex numbers with the right real part."""


def scale(x, factor):
    return x * factor + 0j
