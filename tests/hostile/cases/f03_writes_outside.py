"""Verdict: error. F3: writes outside its scratch disk."""

import os


def scale(x, factor):
    for folder in ("/", "/usr", "/submission", "/guest", "/packages", "/etc", "/root", "/var"):
        try:
            with open(os.path.join(folder, "mine"), "w") as stream:
                stream.write("x")
        except OSError:
            continue
        return x * factor
    raise RuntimeError("nowhere to write")
