"""Verdict: error. V11: raises pytest's idea of a skipped test."""

import unittest


def scale(x, factor):
    raise unittest.SkipTest("not today")
