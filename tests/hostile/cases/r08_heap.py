"""Verdict: memory,timeout. R8: allocates for ever."""

import numpy as np


def scale(x, factor):
    kept = []
    while True:
        kept.append(np.ones(10**6))
