"""Verdict: error. R14: opens files until it may not."""


def scale(x, factor):
    kept = []
    while True:
        kept.append(open("/dev/null"))
