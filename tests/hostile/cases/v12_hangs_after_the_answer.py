"""Verdict: timeout. V12: answers once, then never again."""

import time

CALLS = []


def scale(x, factor):
    CALLS.append(1)
    if len(CALLS) > 1:
        time.sleep(60)
    return x * factor
