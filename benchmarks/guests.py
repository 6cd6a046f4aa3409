"""Time one guest, cold and forked warm, beside the floor: a plain fork of a warm process that answers the same requests.

A numpy guest loads a convolution and calls it twelve times; a torch guest builds a small network, traces it, runs it,
takes its gradients and trains it for three steps.  The floor has no isolation, no wire and no limits.

    python benchmarks/guests.py [--runs 15] [--only numpy]

Processor time is that of all processes of a guest from nothing to its last answer, and of the host and the template
meanwhile; wall time goes on until all of them are gone.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from timing import machine, median_ms, median_ratio

from grader.sandbox import guest, guest_model
from grader.sandbox.host import Guest
from grader.sandbox.launch import BubblewrapLauncher, GuestSpec, Launcher
from grader.sandbox.warm import WarmLauncher

CONVOLUTION = """
import numpy as np

def conv2d(x, weight):
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    return np.einsum("nchwuv,ocuv->nohw", windows, weight)
"""
NETWORK = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, classes):
        super().__init__(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, classes),
        )
"""


def requests(kind: str) -> tuple[str, list[dict[str, object]]]:
    """The student's file of a kind, and what is asked of it."""
    draw = np.random.default_rng(0).standard_normal
    if kind == "numpy":
        asked = [[draw((2, 3, 8, 8)), draw((4, 3, 3, 3))] for _ in range(12)]
        return CONVOLUTION, [{"op": "call", "name": "conv2d", "args": a, "kwargs": {}, "echo": False} for a in asked]
    x = draw((4, 3, 16, 16)).astype(np.float32)
    return NETWORK, [
        {"op": "model.build", "name": "Net", "kwargs": {"classes": 5}, "dtype": "float32"},
        {"op": "model.trace", "x": x, "training": False, "values": []},
        {"op": "model.forward", "inputs": [x, x[:1]], "training": False},
        {"op": "model.gradients", "x": x, "grad_y": np.ones((4, 5), np.float32), "training": True},
        {
            "op": "model.train",
            "x": x,
            "labels": np.arange(4),
            "device": "cpu",
            "steps": 3,
            "lr": 0.1,
            "momentum": 0.9,
        },
    ]


def floor(folder: Path, kind: str, asked: list[dict[str, object]]) -> float:
    """Answer in a fork of this process; return the fork's processor seconds."""
    start = time.process_time()
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        student = guest.Student(folder, kind)
        student.load("code.py", lambda _line: None)
        for request in asked:
            student.answer(request)
        os.write(sender, str(time.process_time()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    used = float(os.read(receiver, 100))
    os.close(receiver)
    os.close(sender)
    return time.process_time() - start + used


def walled(walls: Launcher, folder: Path, kind: str, asked: list[dict[str, object]], ours: list[int]) -> float:
    """Answer behind a wall; return the processor seconds of the guest's processes, the host and the template."""
    before = sum(map(seconds, ours)) + time.process_time()
    with Guest(walls, GuestSpec(kind, folder)) as one:
        one.prepare()
        one.load("code.py")
        for request in asked:
            one.request(request)
        old = {os.getpid(), *ours}
        mine = psutil.Process().children(recursive=True)
        used = sum(seconds(process.pid) for process in mine if process.pid not in old)
    return used + sum(map(seconds, ours)) + time.process_time() - before


def seconds(pid: int) -> float:
    """Processor seconds of a process with one thread, by the scheduler's nanoseconds."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


@contextlib.contextmanager
def student(code: str) -> Iterator[Path]:
    """A folder with the student's file, which a guest's user may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "code.py").write_text(code, encoding="utf-8")
        yield folder


def measure(kind: str, runs: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Processor and wall seconds of each contender, in turns."""
    guest_model.warm_up(kind == "torch")  # this process is the floor, as warm as a template
    code, asked = requests(kind)
    with student(code) as folder, WarmLauncher(many=True) as warm:
        walled(warm, folder, kind, asked, [])
        if warm.reason is not None:
            raise SystemExit(str(warm.reason))
        ours = [process.pid for process in psutil.Process().children(recursive=True)]
        contenders = {
            "floor": lambda: floor(folder, kind, asked),
            "warm": lambda: walled(warm, folder, kind, asked, ours),
            "cold": lambda: walled(BubblewrapLauncher(), folder, kind, asked, ours),
        }
        used: dict[str, list[float]] = {name: [] for name in contenders}
        wall: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(runs):
            for name, call in contenders.items():
                start = time.perf_counter()
                used[name].append(call())
                wall[name].append(time.perf_counter() - start)
    return used, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--only", choices=["numpy", "torch"], help="this kind of guest")
    options = parser.parse_args()
    print(f"{machine('cpu')}, {options.runs} runs, medians\n")
    print("| guest | | processor ms | wall ms | processor, ratio to floor | wall, ratio to floor |")
    print("|---|---|---:|---:|---:|---:|")
    for kind in [options.only] if options.only else ["numpy", "torch"]:
        used, wall = measure(kind, options.runs)
        for name in used:
            ratios = [f"{median_ratio(taken[name], taken['floor']):.1f}" for taken in (used, wall)]
            print(
                f"| {kind} | {name} | {median_ms(used[name]):.1f} | {median_ms(wall[name]):.1f} | {' | '.join(ratios)} |"
            )


if __name__ == "__main__":
    main()
