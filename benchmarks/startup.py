"""Time what a start costs: help, one numpy exercise from nothing to verdict, one submission beside a bare process.

    python benchmarks/startup.py [--runs 9] [--quick]

Every command is a new process, all take turns, and the disk's cache is warm.  Processor time is that of all processes,
guests that are killed included, by control groups (`cpu.py`).  The bare process (`floor.py`) imports torch and answers
the very requests that the grader sends to the student's code: no isolation, no checks, no reference, no report.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cpu
from submit import record

from grader.exercise import load_course

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PLAIN_COURSE = HERE / "plain_course"
PERFECT = ROOT / "examples" / "perfect"
GRADE = str(Path(sys.executable).parent / "grade")
MOST_RATIO = 1.15
NETWORKS = ("segnet", "deconvnet")
STARTS: dict[str, tuple[Sequence[str], float | None]] = {  # what may be waited for, in seconds
    "grade --help": (["--help"], 0.15),
    "grade check --help": (["check", "--help"], None),
    "grade list": (["list"], None),
    "grade check -e receptive_field": (["check", str(PERFECT), "-e", "receptive_field"], 0.8),
    "grade check -e max_unpool2d": (["check", str(PERFECT), "-e", "max_unpool2d"], 0.8),
    "grade check -e conv2d": (["check", str(PERFECT), "-e", "conv2d"], 0.8),
}
QUICK = ("grade --help", "grade check -e receptive_field")


@dataclass(frozen=True)
class Work:
    """One submission: the command that grades it, and the bare process that makes the same calls."""

    name: str
    command: list[str]
    bare: list[str]


def works(folder: Path, networks: Sequence[str]) -> list[Work]:
    """The plain course of twelve checks, and networks of the homework."""
    whole = folder / "plain"
    whole.mkdir()
    for exercise in load_course(PLAIN_COURSE).exercises:
        shutil.copy(min((exercise.folder / "submissions" / "accepted").glob("*.py")), whole / str(exercise.file))
    found = [_work(folder, "twelve plain checks", whole, PLAIN_COURSE, [])]
    for name in networks:
        found.append(_work(folder, name, PERFECT, load_course().folder, [name]))
    return found


def _work(folder: Path, name: str, submission: Path, course: Path, only: list[str]) -> Work:
    place = folder / name.replace(" ", "_")
    place.mkdir()
    requests = record(submission, place, course, only)
    command = [GRADE, "check", str(submission), "--course", str(course)]
    for exercise in only:
        command += ["-e", exercise]
    return Work(f"{name}, {requests} calls", command, [sys.executable, str(HERE / "floor.py"), str(place)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="one run of some, to see that it works")
    options = parser.parse_args()
    runs = 1 if options.quick else options.runs
    chosen = {name: start for name, start in STARTS.items() if not options.quick or name in QUICK}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        submissions = works(Path(scratch), () if options.quick else NETWORKS)
        environment = cpu.environment() | {"GRADE_HOME": str(Path(scratch) / "home")}
        commands = {name: [GRADE, *arguments] for name, (arguments, _) in chosen.items()}
        for work in submissions:
            commands |= {f"bare {work.name}": work.bare, work.name: work.command}
        used: dict[str, list[float]] = {name: [] for name in commands}
        waited: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(options.quick, runs + 1):  # round 0 warms the disk's cache and is not counted
            for name, command in commands.items():
                processor_s, wall_s, _ = cpu.run(command, environment)
                if run:
                    used[name].append(processor_s)
                    waited[name].append(wall_s)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    print(f"{date.today()}, {machine}, load average {load:.1f} before the run, medians (range) of {runs} runs\n")
    print("| from nothing to the end | wall s | processor s | at most, wall s |\n|---|---:|---:|---:|")
    for name, (_, most) in chosen.items():
        print(f"| `{name}` | {_spread(waited[name])} | {_spread(used[name])} | {most or ''} |")
    print(
        "\n| one submission, cold | bare: wall s | wall s | ratio | at most | bare: processor s | processor s | ratio |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for work in submissions:
        cells = []
        for taken in (waited, used):
            bare, ours = taken[f"bare {work.name}"], taken[work.name]
            ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
            cells += [_spread(bare), _spread(ours), f"{ratio:.2f}"]
        print(f"| {work.name} | {' | '.join(cells[:3])} | {MOST_RATIO} | {' | '.join(cells[3:])} |")


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()
