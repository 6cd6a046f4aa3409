"""Verdict: error. R15: floods both streams at once."""

import os


def scale(x, factor):
    while True:
        os.write(1, b"o" * 65536)
        os.write(2, b"e" * 65536)
