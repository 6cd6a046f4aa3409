"""Verdict: timeout. P9: ignores every signal that can be ignored."""

import signal


def scale(x, factor):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        pass
