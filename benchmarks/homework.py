"""Where the processor time of the real homework goes, exercise by exercise, beside the student's own calls.

    python benchmarks/homework.py [--runs 5] [--submission examples/perfect]

One process grades as a worker of a batch does: the course loaded, templates warm, earlier submissions graded.  Its
time and that of everything that it starts is counted by a control group.  The student's own calls are the requests
that the grading sent, answered in a plain fork of a process that is as warm: no isolation, no wire, no checks.
"""

import argparse
import contextlib
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cpu import Group, environment, group
from recorder import recorded
from timing import machine

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import Submission, read_submission
from grader.sandbox import guest, guest_model
from grader.sandbox.host import Guest
from grader.sandbox.warm import WarmLauncher

ROOT = Path(__file__).resolve().parent.parent
STARTS = ("prepare", "load", "close", "__enter__")


def record(submission: Submission) -> dict[str, tuple[str, str, list[dict[str, object]]]]:
    """The requests that each exercise sends to the student's code: kind of guest, file, requests in order."""
    found: dict[str, tuple[str, str, list[dict[str, object]]]] = {}
    course = load_course()
    for exercise in course.exercises:
        with recorded() as asked:
            grade(submission, course, only=[exercise.name])
        found[exercise.name] = (exercise.guest or "", exercise.file or "", [one.request for one in asked])
    return found


def answer_on_demand(recorded: Path, folder: Path) -> None:
    """The floor: for each exercise named on standard input, fork and answer its requests; print the seconds."""
    requests = pickle.loads(recorded.read_bytes())
    guest_model.warm_up(training=True)
    for line in sys.stdin:
        kind, file, asked = requests[line.strip()]
        if not asked:
            print(0.0, flush=True)
            continue
        start = time.process_time()
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the student prints is no answer
            student = guest.Student(folder, kind)
            student.load(file, lambda _line: None)
            for request in asked:
                with contextlib.suppress(Exception):  # a check may ask for something that must raise
                    student.answer(request)
            os._exit(0)
        used = os.wait4(child, 0)[2]
        print(time.process_time() - start + used.ru_utime + used.ru_stime, flush=True)


def grade_on_demand(path: Path) -> None:
    """Grade each exercise named on standard input; print the seconds of this process, and those for its guests."""
    course, submission, spent = load_course(), read_submission(path), dict.fromkeys(("start", "wire"), 0.0)
    for name in STARTS:
        setattr(Guest, name, counted(getattr(Guest, name), spent, "start"))
    Guest.request = counted(Guest.request, spent, "wire")
    with WarmLauncher() as walls:
        for line in sys.stdin:
            spent.update(start=0.0, wire=0.0)
            start = time.process_time()
            grade(submission, course, only=[line.strip()], walls=walls)
            print(json.dumps(spent | {"host": time.process_time() - start}), flush=True)


def counted(function, spent, key):
    """The function, its processor seconds added up."""

    def call(*args, **kwargs):
        start = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[key] += time.process_time() - start

    return call


class Server:
    """This script in another process, answering exercise by exercise."""

    def __init__(self, *arguments: str, inside: Group | None = None) -> None:
        command = [sys.executable, __file__, *arguments]
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment(), "cwd": ROOT}
        self.process = subprocess.Popen(command, **options) if inside is None else inside.start(command, **options)

    def ask(self, name: str) -> str:
        self.process.stdin.write(f"{name}\n".encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode()
        if not line:
            raise SystemExit(f"{name}: the process that {self.process.args[-2:]} started has ended")
        return line

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure(path: Path, runs: int) -> dict[str, list[dict[str, float]]]:
    """Seconds by exercise and run: the student's calls, all processes together, and the host's parts."""
    submission = read_submission(path)
    with tempfile.TemporaryDirectory() as name, group() as counted_group:
        scratch = Path(name)
        submission.write(scratch / "submission")
        requests = record(submission)
        (scratch / "requests").write_bytes(pickle.dumps(requests))
        floor = Server("--floor", str(scratch / "requests"), str(scratch / "submission"))
        graded = Server("--grade", str(path), inside=counted_group)
        rows: dict[str, list[dict[str, float]]] = {exercise: [] for exercise in requests}
        for run in range(runs + 1):  # the first round loads and warms up
            for exercise, measured in rows.items():
                own = float(floor.ask(exercise))
                before = counted_group.seconds()
                parts = json.loads(graded.ask(exercise))
                parts |= {"own": own, "all": counted_group.seconds() - before}
                if run:
                    measured.append(parts | {"requests": len(requests[exercise][2])})
        floor.close()
        graded.close()
    return rows


def print_table(rows: dict[str, list[dict[str, float]]]) -> None:
    print(
        "| exercise | requests | student's own calls | guest beyond them | host: guests | host: checks | all | ratio |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    runs = zip(*rows.values(), strict=True)
    total = [{key: sum(one[key] for one in run) for key in run[0]} for run in runs]
    for exercise, measured in [*rows.items(), ("**all**", total)]:
        columns = [
            [run["own"] for run in measured],
            [max(0.0, run["all"] - run["host"] - run["own"]) for run in measured],
            [run["start"] + run["wire"] for run in measured],
            [run["host"] - run["start"] - run["wire"] for run in measured],
            [run["all"] for run in measured],
        ]
        cells = [f"{1000 * statistics.median(column):.0f}" for column in columns]
        ratios = [run["all"] / run["own"] for run in measured if run["own"]]
        ratio = f"{statistics.median(ratios):.2f}" if ratios else "-"
        print(f"| {exercise} | {measured[0]['requests']} | {' | '.join(cells)} | {ratio} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--submission", type=Path, default=ROOT / "examples" / "perfect")
    parser.add_argument("--floor", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--grade", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        answer_on_demand(*options.floor)
    elif options.grade:
        grade_on_demand(options.grade)
    else:
        print(f"{machine('cpu')}, {options.submission.name}, {options.runs} runs, medians, processor ms\n")
        print_table(measure(options.submission, options.runs))


if __name__ == "__main__":
    main()
