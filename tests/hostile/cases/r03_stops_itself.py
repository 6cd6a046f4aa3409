"""Verdict: timeout. R3: stops its own process."""

import os
import signal


def scale(x, factor):
    os.kill(os.getpid(), signal.SIGSTOP)
    return None
