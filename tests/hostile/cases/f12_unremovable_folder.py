"""Verdict: error. F12: a folder that nobody may enter."""

import os


def scale(x, factor):
    os.makedirs("locked/inside", exist_ok=True)
    os.chmod("locked", 0)
    os._exit(0)
