"""Verdict: timeout. P7: leaves its process group and hangs."""

import os
import time


def scale(x, factor):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    time.sleep(600)
