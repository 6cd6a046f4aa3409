"""Verdict: timeout. X7: closes what it could print to, and hangs."""

import os
import time


def scale(x, factor):
    os.close(1)
    os.close(2)
    time.sleep(600)
