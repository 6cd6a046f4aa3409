"""Verdict: error. R13: writes a file larger than it may."""


def scale(x, factor):
    with open("/tmp/big", "wb") as stream:
        while True:
            stream.write(b"x" * 2**20)
