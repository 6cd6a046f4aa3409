"""What this machine can do for grading, found out by trying it, and what is lost where something is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.intake.collection import MAX_TOTAL_BYTES
from grader.message import Message, msg, verbatim
from grader.sandbox.isolation import BUBBLEWRAP, PROCESS, available, strongest
from grader.sandbox.limits import Limits
from grader.untrusted import clean

ASK_TORCH = (
    "import torch; print(torch.__version__); print(torch.cuda.is_available() and torch.cuda.get_device_name(0) or '')"
)
TORCH_S = 60
SCRATCH_MIB = MAX_TOTAL_BYTES // 2**20 + 2 * Limits().file_mib


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it works, what was found, and what is lost where it does not."""

    name: Message
    works: bool
    found: Message
    cost: Message | None = None
    needed: bool = False

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON data, described in docs/report.md."""
        return {
            "name": self.name.to_json(),
            "works": self.works,
            "needed": self.needed,
            "found": self.found.to_json(),
            "cost": self.cost.to_json() if self.cost else None,
        }


def examine(data_folder: Path) -> Sequence[Finding]:
    """Look at everything; `data_folder` is where the record is kept."""
    torch, cuda = _torch()
    return (
        *_isolation(),
        Finding(msg("Python"), True, verbatim(f"{platform.python_implementation()} {platform.python_version()}")),
        torch,
        cuda,
        _scratch(Path(tempfile.gettempdir())),
        _record(data_folder),
    )


def _isolation() -> Sequence[Finding]:
    costs = {
        BUBBLEWRAP: msg(
            "the code that is graded runs as an ordinary process, with your rights: grade only your own code here"
        ),
        PROCESS: msg("no code can be graded"),
    }
    found = [
        Finding(verbatim(kind.name), kind.works, kind.reason, None if kind.works else costs.get(kind.name))
        for kind in available()
    ]
    return (*found, Finding(msg("isolation in force"), True, verbatim(strongest().name)))


def _torch() -> tuple[Finding, Finding]:
    name, device = msg("PyTorch"), msg("CUDA")
    cost = msg("exercises whose guest is `torch` cannot be graded")
    on_cpu = msg("`--device auto` uses the CPU; nothing else is lost")
    version, gpu, problem = _ask_torch()
    if problem is not None:
        missing = Finding(name, False, msg("it cannot be imported: {error}", error=problem), cost)
        return missing, Finding(device, False, msg("PyTorch is missing"), on_cpu)
    found = Finding(name, True, verbatim(version))
    if not gpu:
        return found, Finding(device, False, msg("PyTorch finds no GPU"), on_cpu)
    return found, Finding(device, True, verbatim(gpu))


def _ask_torch() -> tuple[str, str, str | None]:
    """PyTorch's version and GPU, or what went wrong; in a process of its own, which a broken one may take along."""
    command = [sys.executable, "-P", "-c", ASK_TORCH]  # -P: a torch.py of the current folder is a student's
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TORCH_S, check=False)
    except subprocess.TimeoutExpired:
        return "", "", f"no answer within {TORCH_S:g} seconds"
    except OSError as error:
        return "", "", clean(str(error), 120)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        return "", "", clean(said[-1], 200) if said else f"exit status {done.returncode}"
    version, gpu = [*done.stdout.splitlines(), "", ""][:2]
    return clean(version, 40), clean(gpu, 80), None


def _scratch(folder: Path) -> Finding:
    name = msg("scratch disk")
    cost = msg(
        "submissions cannot be unpacked for grading; set TMPDIR to a folder with {mib} MiB free", mib=SCRATCH_MIB
    )
    try:
        free = shutil.disk_usage(folder).free // 2**20
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        found = msg("{folder}: cannot be written: {error}", folder=str(folder), error=error.strerror or str(error))
        return Finding(name, False, found, cost, needed=True)
    found = msg("{folder}: {free} MiB free", folder=str(folder), free=free)
    works = free >= SCRATCH_MIB
    return Finding(name, works, found, None if works else cost, needed=True)


def _record(folder: Path) -> Finding:
    name = msg("record of reports")
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding(name, True, verbatim(str(folder)))
    found = msg("{folder}: {place} is not a folder that can be written", folder=str(folder), place=str(nearest))
    cost = msg("`grade submit` shows the report, but cannot record it; set GRADE_HOME to another folder")
    return Finding(name, False, found, cost)
