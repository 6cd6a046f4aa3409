"""Verdict: error. V10: a forked child writes to the channel after the answer."""

import json
import os
import socket
import struct


def channel():
    for number in range(3, 64):
        try:
            if "socket" in os.readlink(f"/proc/self/fd/{number}"):
                return number
        except OSError:
            continue
    raise RuntimeError("no channel")


def frame(value):
    head = json.dumps({"arrays": [], "value": value}).encode()
    return struct.pack(">4sIQ", b"GRW1", len(head), 0) + head


import time


def scale(x, factor):
    if os.fork() == 0:
        time.sleep(0.02)
        os.write(channel(), frame({"dict": [["kind", "value"]]}))
        os._exit(0)
    time.sleep(0.1)
    return x * factor
