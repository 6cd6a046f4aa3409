"""Verdict: error. N2: sockets of services, by path and by abstract name."""

import socket


def scale(x, factor):
    for name in ("/var/run/docker.sock", "/run/dbus/system_bus_socket", "\0/tmp/.X11-unix/X0", "\0host-service"):
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(name)
            except OSError:
                continue
            return x * factor
    raise OSError("nobody answers")
