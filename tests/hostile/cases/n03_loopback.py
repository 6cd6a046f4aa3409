"""Verdict: error. N3: a service of the host on loopback; HOST_PORT is where the test listens."""

import socket


def scale(x, factor):
    with open("host_port.txt") as stream:
        port = int(stream.read())
    with socket.socket() as connection:
        connection.settimeout(1)
        connection.connect(("127.0.0.1", port))
    return x * factor
