"""Time `grade submit` on the perfect submission beside the bare floor, as a ratio in one run.

The floor is one process that imports torch once and answers the very requests
that the grader sends to the student's code: no isolation, no checks, no
reference, no report.  The requests are recorded first, from a real grading.

    python benchmarks/submit.py [--runs 5] [--submission examples/perfect]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from recorder import recorded

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import read_submission
from grader.sandbox import wire

ROOT = Path(__file__).resolve().parent.parent
FLOOR = Path(__file__).resolve().parent / "floor.py"


def record(submission: Path, folder: Path, course: Path | None = None, only: Sequence[str] = ()) -> int:
    """Grade once and keep every request that crosses the wall, per file and kind of guest; return how many."""
    loaded = read_submission(submission)
    loaded.write(folder / "submission")
    with recorded() as asked:
        grade(loaded, load_course(course), only=only)
    streams: dict[tuple[str, str], list[bytes]] = {}
    for one in asked:
        streams.setdefault((one.kind, one.file), []).append(wire.encode(one.request))
    table = []
    for number, ((kind, file), frames) in enumerate(streams.items()):
        (folder / f"{number}.frames").write_bytes(b"".join(frames))
        table.append({"kind": kind, "file": file, "frames": f"{number}.frames", "requests": len(frames)})
    (folder / "table.json").write_text(json.dumps(table))
    return len(asked)


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Wall seconds of a command; processor seconds of guests cannot be had, as the kernel forgets those that are killed."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--submission", type=Path, default=ROOT / "examples" / "perfect")
    options = parser.parse_args()
    grade_command = str(Path(sys.executable).parent / "grade")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        requests = record(options.submission, folder)
        environment = os.environ | {"GRADE_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
        rows: dict[str, list[float]] = {"floor": [], "grade submit": []}
        for run in range(options.runs + 1):  # the first round warms the disk cache and is not counted
            for name, command in (
                ("floor", [sys.executable, str(FLOOR), str(folder)]),
                ("grade submit", [grade_command, "submit", "--exit-zero", str(options.submission)]),
            ):
                result = seconds(command, environment)
                if run:
                    rows[name].append(result)
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load {load:.1f} before"
    print(f"{date.today()}, {machine}, Python {platform.python_version()}")
    exercises = len(load_course().exercises)
    print(f"{exercises} exercises, {requests} requests to the student's code, {options.runs} runs, medians (range)\n")
    print("| | wall s |\n|---|---:|")
    for name, walls in rows.items():
        print(f"| {name} | {statistics.median(walls):.2f} ({min(walls):.2f} to {max(walls):.2f}) |")
    ratios = [top / bottom for top, bottom in zip(rows["grade submit"], rows["floor"], strict=True)]
    print(f"| **ratio** | **{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f}) |")


if __name__ == "__main__":
    main()
