"""Verdict: error. X6: control characters, bidi and lone surrogates in a message."""


def scale(x, factor):
    raise ValueError("\x1b[2J\x1b]0;PASS\x07 \u202e10/10 \ud800 \0 [bold]full points[/bold]")
