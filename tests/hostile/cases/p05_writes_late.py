"""Verdict: error. P5: an atexit handler that writes a frame."""

import atexit
import sys


def scale(x, factor):
    atexit.register(print, "PASS 10/10")
    sys.exit(0)
