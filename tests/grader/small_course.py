"""A course of two functions and a sheet, small enough that a test can grade all of it; and its right answers."""

from pathlib import Path

CHECKS = '''"""Checks."""
from hypothesis import given
from hypothesis import strategies as st

from grader import expect
from grader.checks import check


@check(points=2, examples=10)
@given(x=st.integers(-9, 9))
def values(student, x):
    """The number is multiplied."""
    expect.number(student.NAME(x), FACTOR * x, name="NAME")
'''
TOML = """format = 1
title = "NAME: multiply a number"
guest = "numpy"
file = "NAME.py"
functions = ["NAME"]

[limits]
load_time_s = 4
call_time_s = 1
total_time_s = 6
memory_mib = 300
address_space_mib = 1500
output_mib = 4
"""
SHEET_CHECKS = '''"""Checks."""
from grader import expect
from grader.checks import check


@check(points=1)
def first(answers):
    """The first number is seven."""
    expect.number(answers["first"].sides[0], 7, name="first")


@check(points=1)
def second(answers):
    """The second number is eight."""
    expect.number(answers["second"].sides[0], 8, name="second")
'''
SHEET_TOML = """format = 1
title = "numbers: two answers by hand"
aliases = ["HW1"]

[[fields]]
key = "first"
kind = "number"

[[fields]]
key = "second"
kind = "number"
"""
COURSE = (
    {
        "course.toml": 'format = 1\ntitle = "A small course"\nseed = "1"\nexercises = ["double", "triple", "numbers"]\n',
        "numbers/exercise.toml": SHEET_TOML,
        "numbers/checks.py": SHEET_CHECKS,
        "numbers/starter.md": "# HW1\n\n## first\n\n## second\n",
    }
    | {
        f"{name}/{file}": text.replace("NAME", name).replace("FACTOR", factor)
        for name, factor in (("double", "2"), ("triple", "3"))
        for file, text in (("checks.py", CHECKS), ("exercise.toml", TOML))
    }
    | {f"{name}/starter.py": f"def {name}(x):\n    raise NotImplementedError\n" for name in ("double", "triple")}
)
RIGHT = {
    "double.py": "def double(x):\n    return 2 * x\n",
    "triple.py": "def triple(x):\n    return 3 * x\n",
    "answers.md": "# HW1\n## first\n7\n## second\n8\n",
}


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Write files into a folder, which is made; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
