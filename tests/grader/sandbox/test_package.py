"""The packages that a guest may see: the whole library, what it requires, and nothing else."""

from importlib import metadata

import pytest

from grader.sandbox import package


@pytest.mark.parametrize(("kind", "inside", "outside"), [("numpy", "numpy", "torch"), ("torch", "sympy", "hypothesis")])
def test_a_guest_sees_its_library_with_what_it_requires_and_no_other(kind, inside, outside):
    names = {path.name for path in package.closure(kind)}
    assert {"numpy", inside} <= names
    assert not {outside, "pip", "pytest", "bin", ".."} & names
    assert all(path.exists() for path in package.closure(kind))


@pytest.mark.parametrize("name", ["numpy", "sympy", "typing_extensions"])
def test_everything_at_the_top_of_a_library_is_found(name):
    distribution = metadata.distribution(name)
    assert package._installed(distribution) == {file.parts[0] for file in distribution.files}


def test_a_library_without_a_record_is_read_from_the_list_that_it_has():
    class Old(metadata.Distribution):
        def read_text(self, filename):
            return "numbers.py\nlibrary/__init__.py\nlibrary/part.py\n" if filename == "SOURCES.txt" else None

        def locate_file(self, path):
            return path

    assert package._installed(Old()) == {"numbers.py", "library"}
