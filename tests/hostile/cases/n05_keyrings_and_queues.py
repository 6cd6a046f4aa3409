"""Verdict: error. N4: System V shared memory of the host."""

import ctypes


def scale(x, factor):
    libc = ctypes.CDLL(None, use_errno=True)
    with open("shm_key.txt") as stream:
        key = int(stream.read())
    if libc.shmget(key, 4096, 0o600) >= 0:
        return x * factor
    raise OSError(ctypes.get_errno(), "not there")
