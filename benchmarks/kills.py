"""`kill -9` at random moments: grades a class undisturbed, then again while processes die, and compares the gradebooks.

    python benchmarks/kills.py [--kills 50] [--count 24] [--seed N] [--exercise NAME ...] [--jobs 2 | --dask-workers 2]

The same command is run again after each death of the batch itself.  Where a class is finished before all kills are
done, a new gradebook is begun.  Each must equal the undisturbed one, cell for cell: submissions, marks, verdicts,
reports, receipts and reasons; and nothing may be left, neither a process nor a scratch folder.
With --dask-workers the class is graded by a cluster of this machine, whose workers are killed and come up again.
"""

import argparse
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import classroom  # noqa: E402

KINDS = ("batch", "worker", "slot", "template", "keeper", "guest")  # a slot is what a worker of Dask grades in
LIGHT = ("conv_by_hand", "receptive_field", "max_unpool2d")
SPACING_S = 0.6  # between two kills, on average
PATIENCE_S = 15.0  # for a process of the kind to come up
LAST_S = 15.0  # for everything to end by itself
CONTENTS = (
    "SELECT person, digest, name, received_at, report, receipt, reason FROM submission",
    "SELECT id, name, email FROM person",
    "SELECT digest, exercise, key, version, report FROM result",
    "SELECT digest, exercise, key, position, check_name, verdict, possible, outcome.report FROM outcome"
    " JOIN result ON result.id = result",
    "SELECT person, submission.digest, name, graded.exercise, result.key FROM graded"
    " JOIN submission ON submission.id = submission JOIN result ON result.id = result",
)


@dataclass
class Storm:
    """A class that is graded while processes of the batch are killed.

    Attributes:
        more: Options of the batch.
        nannies: The processes that hold the workers of a cluster; without one the batch itself holds them.
        seen: Every process that was seen below a batch: none may be alive at the end.
    """

    folder: Path
    exercises: Sequence[str]
    more: Sequence[str]
    draw: random.Random
    nannies: Sequence[psutil.Process] = ()
    kills: Counter[str] = field(default_factory=Counter)
    seen: set[psutil.Process] = field(default_factory=set)
    resumed: int = 0
    _turns: list[str] = field(default_factory=list)

    def grade(self, book: Path, kills: int) -> int:
        """Grade the class into a gradebook, while so many kills last; returns how many were done."""
        before, done = self.kills.total(), 0
        while True:
            batch = self._start(book)
            moment = time.monotonic() + self.draw.uniform(0, 2 * SPACING_S)
            while batch.poll() is None:
                if done < kills and time.monotonic() >= moment:
                    self._kill(batch)
                    done = self.kills.total() - before
                    moment = time.monotonic() + self.draw.uniform(0, 2 * SPACING_S)
                self._look(batch)
                time.sleep(0.01)
            if batch.returncode in (0, 1):
                return done
            if batch.returncode not in (-9, 4):  # 4: a submission whose worker died twice; the same command again
                raise SystemExit(
                    f"the batch ended with {batch.returncode}: {(self.folder / 'said').read_text()[-500:]}"
                )
            self.resumed += 1

    def left(self) -> list[str]:
        """What is still there after a while: processes, and scratch folders."""
        _, alive = psutil.wait_procs(self.seen, LAST_S)
        return [*map(str, alive), *(path.name for path in (self.folder / "scratch").iterdir())]

    def _start(self, book: Path) -> subprocess.Popen[bytes]:
        """The one command."""
        names = [part for name in self.exercises for part in ("-e", name)]
        sources = [str(self.folder / "submissions"), "--roster", str(self.folder / "roster.csv")]
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "grader.cli", "batch", *sources, *names, *self.more, "--book", str(book)],
                env=environment(self.folder),
                cwd=ROOT,
                stdout=said,
                stderr=said,
            )

    def _kill(self, batch: subprocess.Popen[bytes]) -> None:
        """Kill a process of the next kind, or of another one where there is none; each kind has its turn."""
        if not self._turns:
            kinds = [kind for kind in KINDS if self.nannies or kind != "slot"]
            self._turns = self.draw.sample(kinds, len(kinds))
        kind = self._turns.pop()
        end = time.monotonic() + PATIENCE_S
        while batch.poll() is None:
            found = self._look(batch)[kind]
            if found:
                with contextlib.suppress(psutil.NoSuchProcess):
                    self.draw.choice(found).kill()
                    self.kills[kind] += 1
                return
            if time.monotonic() > end:
                kind, end = "worker", time.monotonic() + PATIENCE_S
            time.sleep(0.002)

    def _look(self, batch: subprocess.Popen[bytes]) -> dict[str, list[psutil.Process]]:
        """The processes below a batch, by what they are."""
        found: dict[str, list[psutil.Process]] = {kind: [] for kind in KINDS}
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(batch.pid)
            found["batch"].append(root)
            for kind, process in _below(self.nannies or [root]):
                found[kind].append(process)
                self.seen.add(process)
        return found


def environment(folder: Path) -> dict[str, str]:
    """Where everything of ours is written below the folder of the class."""
    own = {
        "GRADE_HOME": str(folder),
        "TMPDIR": str(folder / "scratch"),
        "DASK_TEMPORARY_DIRECTORY": str(folder / "dask"),
    }
    return os.environ | own


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[Path, list[psutil.Process]]]:
    """A Dask cluster on the loopback: the scheduler's file, and the nannies that start each worker again."""
    file = folder / "scheduler.json"
    commands = [["dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]]
    commands += [
        ["dask_worker", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder / f"dask{number}")]
        for number in range(workers)
    ]
    started: list[psutil.Popen] = []
    try:
        for command, *options in commands:
            line = [sys.executable, "-m", f"distributed.cli.{command}", *options, "--scheduler-file", str(file)]
            with (folder / "cluster").open("ab") as said:
                started.append(psutil.Popen(line, env=environment(folder), cwd=ROOT, stdout=said, stderr=said))
            while not file.exists():
                time.sleep(0.05)
        yield file, started[1:]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(LAST_S)


def _below(holders: Sequence[psutil.Process]) -> Iterator[tuple[str, psutil.Process]]:
    """batch or nanny ── worker (── slot) ── bwrap ── template ── keeper ── guest, and the bwrap of the guest."""
    for worker in (child for holder in holders for child in _children(holder)):
        if not _runs(worker, "spawn_main"):
            continue
        yield "worker", worker
        holders_of_templates = [worker]
        for slot in _children(worker):
            if _runs(slot, "grader.batch.slot"):
                yield "slot", slot
                holders_of_templates.append(slot)
        for template in _templates(holders_of_templates):
            yield "template", template
            for keeper in _children(template):
                if _runs(keeper, "template.py"):  # and no program that the template has started
                    yield "keeper", keeper
                    for guest in _children(keeper):
                        yield "guest", guest


def _templates(holders: Sequence[psutil.Process]) -> list[psutil.Process]:
    inside = [child for holder in holders for outer in _children(holder) for child in _children(outer)]
    return [process for process in inside if _runs(process, "template.py")]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def _runs(process: psutil.Process, word: str) -> bool:
    try:
        return word in " ".join(process.cmdline())
    except psutil.Error:
        return False


def contents(book: Path) -> list[list[tuple[object, ...]]]:
    """Everything a gradebook holds, but for the numbers by which its rows are joined."""
    with contextlib.closing(sqlite3.connect(book)) as connection:
        return [sorted(connection.execute(query).fetchall(), key=repr) for query in CONTENTS]


def differences(expected: Path, book: Path) -> list[str]:
    """The rows in which a gradebook differs, shortened."""
    lines = []
    for query, wanted, got in zip(CONTENTS, contents(expected), contents(book), strict=True):
        table = query.split(" FROM ")[1].split()[0]
        lines += [f"{table}: lost {str(row)[:200]}" for row in wanted if row not in got]
        lines += [f"{table}: invented {str(row)[:200]}" for row in got if row not in wanted]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--count", type=int, default=24, help="students")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--dask-workers", type=int, default=0, help="a cluster of so many instead of local processes")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--exercise", action="append", metavar="NAME", help=f"{', '.join(LIGHT)} by default")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    exercises = options.exercise or LIGHT
    with tempfile.TemporaryDirectory(prefix="kills-") as made:
        folder = Path(made) / "class"
        classroom.make(folder, options.count, exercises=exercises, seed=options.seed)
        (folder / "scratch").mkdir()
        storm = Storm(folder, exercises, ["--jobs", str(options.jobs)], random.Random(options.seed))
        expected, start = folder / "undisturbed.db", time.monotonic()
        storm.grade(expected, 0)
        problems = classroom.check(folder, expected)
        undisturbed_s, start, rounds = time.monotonic() - start, time.monotonic(), 0
        with contextlib.ExitStack() as stack:
            if options.dask_workers:
                file, storm.nannies = stack.enter_context(cluster(folder, options.dask_workers))
                storm.more = ["--dask", str(file)]
            while storm.kills.total() < options.kills:
                rounds += 1
                book = folder / f"round{rounds}.db"
                storm.grade(book, options.kills - storm.kills.total())
                problems += [f"round {rounds}: {line}" for line in differences(expected, book)]
        storm_s = time.monotonic() - start
        problems += [f"left: {line}" for line in storm.left()]
    print("\n| killed | times |\n|---|---:|")
    for kind in [kind for kind in KINDS if options.dask_workers or kind != "slot"]:
        print(f"| {kind} | {storm.kills[kind]} |")
    print(
        f"\n{options.count} students, {undisturbed_s:.0f} s undisturbed; {storm.kills.total()} kills in {storm_s:.0f} s, "
        f"{rounds} gradebooks, resumed {storm.resumed} times; load average {os.getloadavg()[0]:.1f}"
    )
    print("\n".join(problems) or "Every gradebook equals the undisturbed one, and nothing is left.")
    raise SystemExit(bool(problems))


if __name__ == "__main__":
    main()
