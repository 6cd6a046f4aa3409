"""Verdict: error. V16: looks for a forbidden library everywhere."""

import importlib
import subprocess
import sys

import numpy as np


def scale(x, factor):
    for name in ("torch", "scipy", "scipy.signal"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        return x * factor
    for python in (sys.executable, "/usr/bin/python3", "python3"):
        try:
            done = subprocess.run([python, "-c", "import scipy"], capture_output=True)
        except OSError:
            continue
        if done.returncode == 0:
            return x * factor
    raise ImportError("not there")
