"""Verdict: timeout. R1: burns CPU for ever."""


def scale(x, factor):
    while True:
        pass
