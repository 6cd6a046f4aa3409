"""Verdict: error. N1: UDP to an address outside (reserved for documentation)."""

import socket


def scale(x, factor):
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"x", ("192.0.2.1", 53))
    return x * factor
