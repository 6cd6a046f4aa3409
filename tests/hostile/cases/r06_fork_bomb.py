"""Verdict: error,timeout,memory. R6: forks until it may not."""

import os


def scale(x, factor):
    while True:
        os.fork()
