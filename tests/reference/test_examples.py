"""Every example in a docstring of `reference` runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import reference

MODULES = [module.name for module in pkgutil.walk_packages(reference.__path__, "reference.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_show_what_they_say(name: str):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    count = sum(len(test.examples) for name in MODULES for test in finder.find(importlib.import_module(name)))
    assert count > 40
