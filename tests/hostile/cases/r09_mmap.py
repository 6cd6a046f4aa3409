"""Verdict: memory,error. R9: maps for ever and touches every page."""

import mmap


def scale(x, factor):
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 2**26))
        kept[-1].write(b"x" * 2**26)
