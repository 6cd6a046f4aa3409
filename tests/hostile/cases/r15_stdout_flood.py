"""Verdict: error. R15: prints for ever."""


def scale(x, factor):
    while True:
        print("x" * 65536)
