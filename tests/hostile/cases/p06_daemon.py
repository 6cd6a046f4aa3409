"""Verdict: error,timeout. P6: a double-forked daemon that wants to survive."""

import os
import time


def scale(x, factor):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os._exit(0)
