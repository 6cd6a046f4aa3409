"""A Dask cluster beside local processes: submissions a minute of the same class, in turns, in one run.

    python benchmarks/cluster.py [--count 60] [--rounds 5] [--jobs 2] [--quick]

The class and its twelve plain checks are those of `batch.py`.  Each round grades the whole class into an empty
gradebook, once by local processes and once by a `LocalCluster` of as many workers, the two in changing order.
Starts are not counted, the same way for both: the clock begins when two submissions for each process are finished,
which by then have loaded the course and started their templates.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batch import COURSE, make_class
from distributed import LocalCluster
from timing import machine

from grader.batch.cluster import ClusterPool
from grader.batch.done import Done
from grader.batch.matching import Task, match
from grader.batch.run import run
from grader.batch.source import find
from grader.batch.worker import LocalPool, Pool
from grader.exercise import Course, load_course
from grader.gradebook import Gradebook


def rate(tasks: Sequence[Task], course: Course, pool: Pool, book: Path) -> float:
    """Submissions a minute, once every process is warm."""
    moments: list[float] = []
    warm_up = 2 * pool.jobs

    def told(done: Done) -> None:
        if not done.has_verdict:
            raise SystemExit(f"{done.task.found.key}: {done.reason}")
        moments.append(time.perf_counter())

    with Gradebook.open(book) as opened:
        opened.enrol([task.person for task in tasks])
        run(tasks, course, opened, pool, told=told)
    return 60 * (len(moments) - warm_up) / (moments[-1] - moments[warm_up - 1])


@contextmanager
def cluster(workers: int, folder: Path, course: Course) -> Iterator[ClusterPool]:
    """A cluster of this machine."""
    with LocalCluster(
        n_workers=workers,
        processes=True,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        local_directory=str(folder),
    ) as started:
        pool = ClusterPool(started.scheduler_address, course)
        pool.connect()
        yield pool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one round of few submissions, to see that it works")
    options = parser.parse_args()
    count, rounds = (3 * options.jobs, 1) if options.quick else (options.count, options.rounds)
    said = machine("cpu")
    local: list[float] = []
    dask: list[float] = []
    course = load_course(COURSE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_class(folder / "class", count)
        tasks = match(find([folder / "class"], course).found, None).tasks

        def locally(turn: int) -> None:
            local.append(rate(tasks, course, LocalPool(options.jobs), folder / f"local{turn}.db"))

        def on_cluster(turn: int) -> None:
            with cluster(options.jobs, folder, course) as pool:
                dask.append(rate(tasks, course, pool, folder / f"dask{turn}.db"))

        for turn in range(rounds):
            for measure in (locally, on_cluster) if turn % 2 == 0 else (on_cluster, locally):
                measure(turn)
    print(f"{said}; {len(tasks)} submissions, {options.jobs} at once, medians (range) of {rounds} rounds\n")
    print("| where | submissions a minute |\n|---|---:|")
    print(f"| local processes | {spread(local, '.0f')} |\n| Dask workers | {spread(dask, '.0f')} |")
    ratios = [there / here for here, there in zip(local, dask, strict=True)]
    print(f"| **Dask over local** | {spread(ratios, '.2f')} |")


def spread(values: Sequence[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
