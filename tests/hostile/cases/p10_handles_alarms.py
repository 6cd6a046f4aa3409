"""Verdict: timeout. P10: swallows SIGALRM and SIGXCPU."""

import signal


def scale(x, factor):
    for number in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, lambda *_: None)
    while True:
        pass
