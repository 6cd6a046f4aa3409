"""The processor time of a command and of everything that it starts, killed or not, by a control group of its own.

The times that `wait4` reports leave out whoever was not waited for by its parent, as guests that are killed with
their namespace; a control group counts every process that was ever in it.
"""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PARENTS = ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup", "/sys/fs/cgroup/unified")


class Group:
    """A control group, of version 1 or 2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, command: list[str], **options: object) -> subprocess.Popen[bytes]:
        """Start a command in it."""
        shell = ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.folder / "cgroup.procs"), *command]
        return subprocess.Popen(shell, **options)  # type: ignore[call-overload, no-any-return]

    def seconds(self) -> float:
        """Processor seconds used so far by all that are or were in it."""
        one = self.folder / "cpuacct.usage"
        if one.exists():
            return int(one.read_text()) / 1e9
        words = (self.folder / "cpu.stat").read_text().split()
        return int(words[words.index("usage_usec") + 1]) / 1e6


@contextlib.contextmanager
def group() -> Iterator[Group]:
    """A new control group, removed afterwards.

    Raises:
        SystemExit: None can be made here.
    """
    for parent in map(Path, PARENTS):
        try:
            made = Group(Path(tempfile.mkdtemp(prefix="batch-", dir=parent)))
            made.seconds()
        except (OSError, ValueError):
            continue
        try:
            yield made
        finally:
            _remove(made.folder)
        return
    raise SystemExit("no control group can be made here, so processor time cannot be measured; try as root")


def run(command: list[str], environment: Mapping[str, str]) -> tuple[float, float, str]:
    """Run a command to its end; processor seconds, wall seconds, what it printed.

    Raises:
        SystemExit: It failed.
    """
    with group() as counted, tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = counted.start(command, env=dict(environment), stdout=said, stderr=subprocess.STDOUT)
        code = process.wait()
        wall = time.perf_counter() - start
        said.seek(0)
        text = said.read().decode()
        if code != 0:
            raise SystemExit(f"{' '.join(command)} ended with {code}:\n{text}")
        return counted.seconds(), wall, text


def _remove(folder: Path) -> None:
    """Remove a group, whose last processes may still be dying."""
    for _ in range(100):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.05)
        else:
            return


def environment() -> dict[str, str]:
    """Ours, with one thread for each process."""
    return os.environ | {"OMP_NUM_THREADS": "1"}
