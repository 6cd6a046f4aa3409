"""Verdict: error,timeout,memory. R12: overflows the C stack."""

import sys


class Deep:
    def __repr__(self):
        return repr(self)


def scale(x, factor):
    sys.setrecursionlimit(10**9)
    return repr(Deep())
