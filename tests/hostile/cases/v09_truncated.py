"""Verdict: timeout,error. V9: half a frame, then silence."""

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
    os.write(channel(), frame({"dict": []})[:10])
    time.sleep(60)
