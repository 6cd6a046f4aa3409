"""Where a command grades many submissions: on this machine's cores, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from grader.cli import staff
from grader.cli.help import HelpOption
from grader.message import msg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.batch.cluster import ClusterPool
    from grader.batch.worker import LocalPool
    from grader.cli.session import Session
    from grader.exercise import Course

Function = TypeVar("Function", bound=Callable[..., Any])


def pool_options(function: Function) -> Function:
    """`--jobs`, and `--dask` passed as `cluster`."""
    jobs = click.option(
        "--jobs",
        cls=HelpOption,
        metavar="N",
        type=click.IntRange(min=1),
        help="How many submissions are graded at once; without it, one for each core.",
    )
    dask = click.option(
        "--dask",
        "cluster",
        cls=HelpOption,
        metavar="ADDRESS",
        help="Grade on a running Dask cluster: the address of its scheduler, or the scheduler's file.",
    )
    return jobs(dask(function))


@contextmanager
def opened(
    session: Session, course: Course, jobs: int | None, cluster: str | None
) -> Iterator[LocalPool | ClusterPool]:
    """The cores of this machine, or a cluster that answers.

    Raises:
        UsageError: Both were asked for.
    """
    if cluster is None:
        from grader.batch.worker import LocalPool

        yield LocalPool(jobs, staff.open_log)
        return
    if jobs is not None:
        raise click.UsageError(session.say(msg("--jobs is for this machine; with --dask the cluster's workers decide")))
    from grader.batch.cluster import ClusterPool

    pool = ClusterPool(cluster, course)
    pool.connect()
    try:
        yield pool
    finally:
        pool.stop(now=True)
