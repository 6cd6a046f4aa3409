"""Verdict: error. R16: a frame whose header claims 10^12 elements."""

import json
import socket
import struct
import sys


def scale(x, factor):
    head = json.dumps({"arrays": [["<f8", [10**6, 10**6]]], "value": {"array": 0}}).encode()
    channel = socket.socket(fileno=int(CHANNEL))
    channel.sendall(struct.pack(">4sIQ", b"GRW1", len(head), 0) + head)
    return x


CHANNEL = next(
    n
    for n in range(3, 64)
    if __import__("os").path.exists(f"/proc/self/fd/{n}")
    and "socket" in __import__("os").readlink(f"/proc/self/fd/{n}")
)
