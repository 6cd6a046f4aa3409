"""Measure `grade batch` on common work: twelve plain checks of three exercises, beside a plain fork of a warm process.

    python benchmarks/batch.py [--counts 1 20 300 2000] [--rounds 3] [--jobs N] [--quick]

The course is `plain_course`: a numpy convolution, a receptive field, and a small torch network with three steps of
training.  Every fourth submission is wrong, and none has the content of another.  The floor (`warm_floor.py`) makes
the same calls of the same files in forks of a process that has imported everything, as many at once as there are
jobs: no isolation, no comparison, no report.  Processor time is that of all processes, by control groups (`cpu.py`).
"""

import argparse
import contextlib
import itertools
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import cpu
import psutil
from recorder import recorded
from timing import machine

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import read_submission

HERE = Path(__file__).resolve().parent
COURSE = HERE / "plain_course"
WRONG_EVERY = 4
# Seconds for one and for twenty submissions of this work on two processors, measured earlier, in another run.
OTHERS = {"gradescope-utils": (4.8, 44), "check50": (4.7, 61), "otter-grader": (7.7, 87), "nbgrader": (8.2, 101)}
AIMS = {"check50": 30, "otter-grader": 50, "nbgrader": 50}


def make_class(folder: Path, count: int) -> None:
    """Write that many submissions; each has a number in every file, so that no two are the same."""
    for number in range(count):
        kind = "wrong" if number % WRONG_EVERY == WRONG_EVERY - 1 else "accepted"
        student = folder / f"student{number:05d}"
        student.mkdir(parents=True)
        for exercise in load_course(COURSE).exercises:
            source = min((exercise.folder / "submissions" / kind).glob("*.py")).read_text(encoding="utf-8")
            (student / str(exercise.file)).write_text(f"{source}\n# student {number}\n", encoding="utf-8")


def record(submission: Path) -> list[tuple[str, str, list[object], dict[str, object]]]:
    """The calls of a student's functions in one grading: file, name, arguments."""
    with recorded() as asked:
        grade(read_submission(submission), load_course(COURSE))
    return [(one.file, one.request["name"], one.request["args"], one.request["kwargs"]) for one in asked]


class Floor:
    """Warm processes that answer in plain forks."""

    def __init__(self, folder: Path, calls: Path, jobs: int, stack: ExitStack) -> None:
        self._group = stack.enter_context(cpu.group())
        self._workers = [
            self._group.start(
                [sys.executable, str(HERE / "warm_floor.py"), str(folder), str(calls), f"{number}/{jobs}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=cpu.environment(),
            )
            for number in range(jobs)
        ]
        stack.callback(self._close)
        self._wait("ready")

    def seconds(self, count: int) -> float:
        """Processor seconds of that many submissions."""
        before = self._group.seconds()
        for worker in self._workers:
            worker.stdin.write(f"{count}\n".encode())
            worker.stdin.flush()
        self._wait("done")
        return self._group.seconds() - before

    def _wait(self, word: str) -> None:
        for worker in self._workers:
            if worker.stdout.readline().strip() != word.encode():
                raise SystemExit("the floor has failed")

    def _close(self) -> None:
        for worker in self._workers:
            worker.stdin.close()
            worker.wait()
            worker.stdout.close()


@dataclass
class Memory:
    """Resident memory, in MiB, of a running batch: samples of its parent, of its largest worker and template."""

    samples: list[tuple[float, float, float]] = field(default_factory=list)

    def watch(self, until: threading.Event, root: psutil.Process, others: set[psutil.Process]) -> None:
        """Sample the batch that is started below a process, beside these others, until told to stop."""
        while not until.wait(2):
            found: dict[str, list[float]] = {"parent": [], "worker": [], "template": []}
            for batch in set(root.children()) - others:
                with contextlib.suppress(psutil.Error):
                    for process in [batch, *batch.children(recursive=True)]:
                        _measure(process, batch, found)
            self.samples.append(tuple(max(sizes, default=0.0) for sizes in found.values()))


def _measure(process: psutil.Process, batch: psutil.Process, found: dict[str, list[float]]) -> None:
    """Add the resident memory of a process that stays; a template is what a bwrap runs that a worker has started."""
    with contextlib.suppress(psutil.Error, AttributeError):
        command = process.cmdline()
        role = "parent" if process == batch else "worker" if "spawn_main" in " ".join(command) else ""
        if "/template/template.py" in command and process.name() != "bwrap" and process.parent().name() == "bwrap":
            role = "template"
        if role:
            found[role].append(process.memory_info().rss / 2**20)


@dataclass
class Batch:
    """One run of `grade batch`."""

    cpu_s: float
    wall_s: float
    memory: Memory


def grade_class(submissions: Path, book: Path, count: int, jobs: int, memory: bool) -> Batch:
    """Grade that many submissions into a new gradebook, and see that each has its marks."""
    chosen = book.parent / f"class-{count}"
    if not chosen.exists():
        for student in sorted(submissions.iterdir())[:count]:
            shutil.copytree(student, chosen / student.name)
    command = [str(Path(sys.executable).parent / "grade"), "batch", "--course", str(COURSE), "--jobs", str(jobs)]
    watched, stop = Memory(), threading.Event()
    thread = threading.Thread(target=watched.watch, args=(stop, psutil.Process(), set(psutil.Process().children())))
    if memory:
        thread.start()
    try:
        used, wall, said = cpu.run([*command, "--book", str(book), "--json", str(chosen)], cpu.environment())
    finally:
        stop.set()
        if memory:
            thread.join()
    marks = {row["student"]: row["points"] for row in json.loads(said[said.index("{") :])["submissions"]}
    for number in range(count):
        got = marks[f"student{number:05d}"]["earned"]
        wanted = 3 if number % WRONG_EVERY == WRONG_EVERY - 1 else 12
        if got != wanted:
            raise SystemExit(f"student {number}: expected {wanted} points, got {got}")
    return Batch(used, wall, watched)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 20, 300, 2000])
    parser.add_argument("--rounds", type=int, default=3, help="of the counts up to 300; larger ones are graded once")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--quick", action="store_true", help="two submissions once, to see that it works")
    options = parser.parse_args()
    counts = [2] if options.quick else sorted(options.counts)
    rounds = 1 if options.quick else options.rounds
    head = machine("cpu")
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        submissions = folder / "submissions"
        make_class(submissions, counts[-1])
        calls = folder / "calls"
        calls.write_bytes(pickle.dumps(record(min(submissions.iterdir()))))
        floor = Floor(submissions, calls, options.jobs, stack)
        floor.seconds(min(counts[-1], 20))
        floors: dict[int, list[float]] = {count: [] for count in counts}
        batches: dict[int, list[Batch]] = {count: [] for count in counts}
        for turn in range(rounds):
            for count in counts:
                if turn and count > 300:
                    continue
                book = folder / f"book-{count}-{turn}.db"
                before = floor.seconds(count)
                batches[count].append(grade_class(submissions, book, count, options.jobs, memory=count == counts[-1]))
                floors[count].append((before + floor.seconds(count)) / 2)
                book.unlink()
        shutil.rmtree(submissions)
    print(f"{head}, {options.jobs} jobs, medians of {rounds} rounds\n")
    print_costs(floors, batches)
    print_slopes(floors, batches)
    print_others(batches)
    print_memory(batches[counts[-1]][0].memory, counts[-1])


def print_costs(floors: dict[int, list[float]], batches: dict[int, list[Batch]]) -> None:
    print("| submissions | wall s | processor ms each | floor: processor ms each | ratio |")
    print("|---:|---:|---:|---:|---:|")
    for count, runs in batches.items():
        ratio = statistics.median(run.cpu_s / floor for run, floor in zip(runs, floors[count], strict=True))
        each = 1000 * statistics.median(run.cpu_s for run in runs) / count
        bottom = 1000 * statistics.median(floors[count]) / count
        wall = statistics.median(run.wall_s for run in runs)
        print(f"| {count} | {wall:.2f} | {each:.1f} | {bottom:.1f} | {ratio:.2f} |")


def print_slopes(floors: dict[int, list[float]], batches: dict[int, list[Batch]]) -> None:
    """What one more submission costs, and the start that is left."""
    counts = [count for count in batches if count > 1]
    if len(counts) < 2:
        return
    print("\n| from | to | processor ms for one more | ratio to floor | start: processor s |")
    print("|---:|---:|---:|---:|---:|")
    for low, high in itertools.pairwise(counts):
        used = {count: statistics.median(run.cpu_s for run in batches[count]) for count in (low, high)}
        slope = (used[high] - used[low]) / (high - low)
        bottom = statistics.median(floors[high]) / high
        start = used[low] - slope * low
        print(f"| {low} | {high} | {1000 * slope:.1f} | {slope / bottom:.2f} | {start:.2f} |")


def print_others(batches: dict[int, list[Batch]]) -> None:
    """Our wall time beside what others would need at their cost for one more, as measured earlier."""
    print("\n| measured earlier, two processors | 1: s | 20: s | one more: s |", end="")
    counts = [count for count in batches if count >= 300]
    print("".join(f" {count}: s | times ours | aim |" for count in counts))
    print("|---|---:|---:|---:|" + "---:|---:|---:|" * len(counts))
    for name, (one, twenty) in OTHERS.items():
        more = (twenty - one) / 19
        row = f"| {name} | {one} | {twenty} | {more:.2f} |"
        for count in counts:
            theirs = one + (count - 1) * more
            ours = statistics.median(run.wall_s for run in batches[count])
            row += f" {theirs:.0f} | {theirs / ours:.0f} | {AIMS.get(name, '')} |"
        print(row)


def print_memory(memory: Memory, count: int) -> None:
    """The beginning is the median of the second tenth of the samples: by then everything is imported."""
    size = max(1, len(memory.samples) // 10)
    if len(memory.samples) < 3:
        return
    parts = [memory.samples[size : 2 * size], memory.samples[len(memory.samples) // 2 :][:size], memory.samples[-size:]]
    print(f"\n| {count} submissions, resident MiB | beginning | middle | end |")
    print("|---|---:|---:|---:|")
    for role, name in enumerate(("parent", "largest worker", "largest template")):
        cells = [f"{statistics.median(sample[role] for sample in part):.0f}" for part in parts]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
