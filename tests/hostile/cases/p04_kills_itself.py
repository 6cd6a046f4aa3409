"""Verdict: error. P4: SIGKILL to itself."""

import os
import signal


def scale(x, factor):
    os.kill(os.getpid(), signal.SIGKILL)
