"""Verdict: error. V9: a head whose keys stand twice."""

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


def scale(x, factor):
    head = b'{"arrays": [], "value": 1, "value": 2}'
    os.write(channel(), struct.pack(">4sIQ", b"GRW1", len(head), 0) + head)
    return x * factor
