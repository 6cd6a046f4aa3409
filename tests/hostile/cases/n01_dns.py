"""Verdict: error. N1: a name that only a resolver knows."""

import socket


def scale(x, factor):
    socket.getaddrinfo("answers.example", 80)
    return x * factor
