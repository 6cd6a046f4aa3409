"""Documents say what is true: files and commands they name exist, examples in docstrings run."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import grader
import reference

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "exercises/README.md", "tests/README.md", "benchmarks/*.md")
    for path in ROOT.glob(pattern)
)
GUEST_ONLY = {"grader.sandbox.guest_model", "grader.sandbox.template"}


def modules() -> list[str]:
    found = []
    for package in (grader, reference):
        found += [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return [name for name in found if "__main__" not in name and name not in GUEST_ONLY]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_document_names_exist(path):
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[A-Z]+\.md|Makefile)`", path.read_text(encoding="utf-8")))
    roots = (ROOT, path.parent, ROOT / "grader", ROOT / "exercises" / "conv2d")

    missing = {name for name in named if not any((root / name).exists() for root in roots)}

    assert missing == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_that_a_document_names_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert named - targets == set()


def test_ci_runs_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "make test" in script
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_run(name):
    result = doctest.testmod(importlib.import_module(name))

    assert result.failed == 0


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is(name):
    words = importlib.import_module(name).__doc__

    assert words
    assert words.strip().splitlines()[0].rstrip().endswith((".", ":")), f"{name}: end the first line with a full stop"
