"""Verdict: timeout. R2: waits for ever."""

import time


def scale(x, factor):
    time.sleep(10**6)
