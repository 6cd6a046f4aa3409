"""Verdict: error. P2: sys.exit(0) in a call."""

import sys


def scale(x, factor):
    sys.exit(0)
