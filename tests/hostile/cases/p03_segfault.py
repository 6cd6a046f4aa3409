"""Verdict: error. P3: reads address 0."""

import ctypes


def scale(x, factor):
    ctypes.string_at(0)
