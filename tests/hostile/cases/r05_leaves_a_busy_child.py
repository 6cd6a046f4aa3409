"""Verdict: error. R5: a child burns CPU after its parent has left."""

import os


def scale(x, factor):
    if os.fork() == 0:
        while True:
            pass
    os._exit(0)
