"""Verdict: timeout. R4: blocks without using CPU."""

import select


def scale(x, factor):
    select.select([], [], [])
