"""Verdict: memory,error,timeout. R11: many children take a little each."""

import os
import time


def scale(x, factor):
    for _ in range(16):
        if os.fork() == 0:
            kept = bytearray(b"x" * 2**26)
            time.sleep(60)
            os._exit(len(kept) % 2)
    time.sleep(60)
