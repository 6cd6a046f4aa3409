"""Verdict: error. F2: environments and memory of other processes."""

import os


def scale(x, factor):
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as stream:
                    text = stream.read()
                with open(f"/proc/{name}/cmdline", "rb") as stream:
                    text += stream.read()
            except OSError:
                continue
            if b"USER" in text or b"PWD" in text or b"tests" in text or b"site-packages" in text:
                return x * factor
    raise RuntimeError("nothing to steal")
