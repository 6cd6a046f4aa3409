"""Verdict: fail. V20: changes the state of its process, then answers wrongly."""

import random
import sys
import warnings

import numpy as np

np.random.seed(0)
random.seed(0)
np.seterr(all="raise")
sys.setrecursionlimit(60)
warnings.simplefilter("error")


def scale(x, factor):
    return x + factor
