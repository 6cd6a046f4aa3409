"""Verdict: error. N1: TCP to an address outside (reserved for documentation)."""

import socket


def scale(x, factor):
    with socket.socket() as connection:
        connection.settimeout(1)
        connection.connect(("192.0.2.1", 80))
    return x * factor
