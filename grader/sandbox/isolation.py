"""Which wall can be built on this machine, found out by trying it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from grader.message import Message, msg

BUBBLEWRAP = "bubblewrap"
PROCESS = "process"

CLAIMS = {
    BUBBLEWRAP: msg(
        "Isolation: bubblewrap namespaces. The code saw no network, no other files, no other processes, "
        "and had limited time, memory and disk."
    ),
    PROCESS: msg(
        "Isolation: a separate process with limited time and memory, without confinement: the code ran with the rights "
        "of the user who started the grader. Right for one's own code only."
    ),
}


@dataclass(frozen=True, slots=True)
class Isolation:
    """One kind of wall: its name, whether it works here, and the reason when it does not."""

    name: str
    works: bool
    reason: Message


@cache
def probe_bubblewrap() -> Isolation:
    """Start a shell inside the same namespaces that guests get; what fails is the reason."""
    program = shutil.which("bwrap")
    if not sys.platform.startswith("linux"):
        return Isolation(BUBBLEWRAP, False, msg("bubblewrap needs Linux; this is {platform}", platform=sys.platform))
    if program is None:
        return Isolation(
            BUBBLEWRAP, False, msg("the program bwrap is not installed; on Debian: apt-get install bubblewrap")
        )
    command = [program, "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    command += [
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--cap-drop",
        "ALL",
        "--",
        "/bin/sh",
        "-c",
        ":",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Isolation(BUBBLEWRAP, False, msg("bwrap did not run: {error}", error=str(error)))
    if done.returncode != 0:
        words = " ".join(done.stderr.split())[:300]
        return Isolation(BUBBLEWRAP, False, msg("bwrap cannot make namespaces here: {error}", error=words))
    return Isolation(BUBBLEWRAP, True, msg("user, mount, process, network and IPC namespaces work"))


def available() -> Sequence[Isolation]:
    """Every kind of wall, the strongest first."""
    return (
        probe_bubblewrap(),
        Isolation(PROCESS, True, msg("an ordinary child process with limits; always works")),
    )


def strongest() -> Isolation:
    """The strongest wall that works here; GRADE_ISOLATION=process asks for the weak one on purpose."""
    wanted = os.environ.get("GRADE_ISOLATION", "")
    kinds = [kind for kind in available() if kind.works and wanted in ("", kind.name)]
    return kinds[0] if kinds else available()[-1]
