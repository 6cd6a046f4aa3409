"""Which installed packages a guest may see: the requested library and what it needs, nothing else.

"Implement it yourself" is enforced by absence: a numpy guest is given a folder
of links that holds numpy and no torch or scipy, so no import trick finds them.
"""

from __future__ import annotations

import csv
import re
import sysconfig
from functools import cache
from importlib import metadata
from pathlib import Path

LIBRARIES = {"numpy": ("numpy",), "torch": ("torch", "numpy")}  # torch does not require numpy, the wire does


@cache
def closure(kind: str) -> tuple[Path, ...]:
    """The top-level files and folders of a kind's libraries and of everything that they require, sorted by name.

    Raises:
        metadata.PackageNotFoundError: A library itself is not installed.
    """
    libraries = LIBRARIES[kind]
    found: set[Path] = set()
    seen: set[str] = set()
    waiting = list(libraries)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name in libraries:
                raise
            continue  # an optional or platform-bound requirement that is not installed here
        found |= _top_level(distribution)
        waiting += [_name(text) for text in distribution.requires or () if "extra ==" not in text]
    return tuple(sorted(found))


def foreign_package_folders() -> tuple[Path, ...]:
    """Folders of installed packages that lie inside what a guest sees of the system; they must be covered."""
    patterns = ("lib/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages")
    roots = (Path("/usr"), Path("/usr/local"), Path(sysconfig.get_config_var("installed_base") or "/usr"))
    folders = {folder for root in roots for pattern in patterns for folder in root.glob(pattern) if folder.is_dir()}
    return tuple(sorted(folder.resolve() for folder in folders))


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return match.group().lower() if match else ""


def _top_level(distribution: metadata.Distribution) -> set[Path]:
    tops = {name for name in _installed(distribution) if name not in ("..", "__pycache__")}
    return {Path(str(distribution.locate_file(top))) for top in tops if not top.endswith((".dist-info", ".pth"))}


def _installed(distribution: metadata.Distribution) -> set[str]:
    """The first part of every installed file's path."""
    record = distribution.read_text("RECORD")
    if record is None:
        return {file.parts[0] for file in distribution.files or ()}
    # Not `files`, which makes a path object for each of torch's fifteen thousand.
    return {row[0].partition("/")[0] for row in csv.reader(record.splitlines()) if row}
