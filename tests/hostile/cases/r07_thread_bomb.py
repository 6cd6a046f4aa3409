"""Verdict: error,timeout,memory. R7: starts threads until it may not."""

import threading
import time


def scale(x, factor):
    while True:
        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
