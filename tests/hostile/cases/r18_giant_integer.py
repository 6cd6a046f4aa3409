"""Verdict: error,fail,timeout,memory. R18: an integer of a billion digits."""


def scale(x, factor):
    return 2**10**9
