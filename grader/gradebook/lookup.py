"""The key of a result: one digest over everything that decides what an exercise says about a content.

Two gradings under one key give the same result, so the second is a lookup.  In the key are the exercise (its
version and its files), the course's seed, the device, the grader's own files, the Python and the libraries that
compute, and whatever else the exercise's files import: a library by its version, a folder of ours by its files.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader.exercise import Course, Exercise

ENGINE = ("hypothesis", "lark", "markdown-it-py", "numpy", "sympy")
PACKAGE = Path(__file__).parent.parent
NOT_DECIDING = frozenset({"batch", "cli", "gradebook", "locale", "report"})  # folders of the grader that show or store
NOT_READ = frozenset({".pyc", ".png", ".pdf"})


def exercise_key(course: Course, exercise: Exercise, device: str) -> str:
    """The key under which results of an exercise are kept.

    Args:
        device: "cpu" or "cuda", as `grader.grade.resolve_device` gives it; it decides where networks run alone.
    """
    facts = exercise_facts(course, exercise, device)
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def exercise_facts(course: Course, exercise: Exercise, device: str) -> dict[str, Any]:
    """What the key of an exercise is made of, as JSON data; so that two machines can say in what they differ."""
    libraries, folders = _imports(exercise.folder)
    used = {*ENGINE, *libraries, *(["torch"] if exercise.guest == "torch" else [])}
    return {
        "exercise": exercise.name,
        "version": exercise.version,
        "files": _digest(exercise.folder),
        "headings": [[other.name, *other.aliases] for other in course.exercises],
        "seed": course.seed,
        "device": device if exercise.guest == "torch" else "cpu",
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in sorted(used)},
        "folders": {folder.name: _package_digest(folder) for folder in sorted({PACKAGE, *folders})},
    }


def _imports(folder: Path) -> tuple[set[str], set[Path]]:
    """What the exercise's own Python files import: libraries by name, packages of ours by folder."""
    libraries, folders = set(), set()
    for path in sorted(folder.glob("*.py")):
        for name in _tops(ast.parse(path.read_text(encoding="utf-8"))):
            if name in sys.stdlib_module_names or name == "grader":
                continue
            try:
                importlib.metadata.version(name)
                libraries.add(name)
            except importlib.metadata.PackageNotFoundError:
                spec = importlib.util.find_spec(name)
                folders |= {Path(place) for place in (spec and spec.submodule_search_locations) or ()}
    return libraries, folders


def _tops(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@lru_cache
def _package_digest(folder: Path) -> str:
    """The digest of a package, whose files do not change while it runs."""
    return _digest(folder, NOT_DECIDING if folder == PACKAGE else frozenset())


def _digest(folder: Path, left_out: frozenset[str] = frozenset()) -> str:
    """Sha256 over the paths and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if parts[0] not in left_out and path.suffix not in NOT_READ and path.is_file():
            content = path.read_bytes()
            digest.update(f"{'/'.join(parts)}:{len(content)}:".encode())
            digest.update(content)
    return digest.hexdigest()
