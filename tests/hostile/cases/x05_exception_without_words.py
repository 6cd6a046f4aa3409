"""Verdict: error. X5: an exception whose text cannot be made."""


class Mute(Exception):
    def __str__(self):
        raise RuntimeError


def scale(x, factor):
    raise Mute
