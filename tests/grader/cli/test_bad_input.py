"""One submission in which almost every file is broken in its own way: each gets one sentence, the others their points."""

import json

import pytest
from click.testing import CliRunner

from grader.cli.program import program
from grader.model import Report
from tests.grader.small_course import COURSE, RIGHT, write

RIGHT_CODE = "def NAME(x):\n    return 2 * x\n"
CHINESE = "# 加倍\n" + RIGHT_CODE
# What the file holds, the verdict, the sentence, and what one of the lines or remarks below it says.
CASES = {
    "does_not_parse": (
        "def NAME(x):\n    return 2 * (x\n", "missing",
        "NAME: not found. NAME.py, line 2 is not Python ('(' was never closed), so lines 1 to 2 were left out.", "",
    ),
    "misspelled": ("def NAMES(x):\n    return 2 * x\n", "missing", "NAME: not found. NAME.py defines NAMES, not NAME; keep the name", ""),
    "without_function": ("x = 1\n", "missing", "NAME: not found. NAME.py does not define NAME; keep the name", ""),
    "empty": ("", "missing", "NAME: not found. NAME.py does not define NAME; keep the name", ""),
    "absent": (None, "missing", "NAME: not found. Expected a file NAME.py that defines NAME.", ""),
    "unwritten": ("def NAME(x):\n    raise NotImplementedError\n", "missing", "NAME is not written yet.", ""),
    "too_many_parameters": (
        "def NAME(x, y):\n    return 2 * x\n", "error",
        "Your code raised TypeError: NAME() missing 1 required positional argument: 'y'",
        "NAME is called as the prompt says: keep the names and the order of its parameters.",
    ),
    "too_few_parameters": (
        "def NAME():\n    return 2\n", "error",
        "Your code raised TypeError: NAME() takes 0 positional arguments but 1 was given",
        "NAME is called as the prompt says: keep the names and the order of its parameters.",
    ),
    "a_number": (
        "NAME = 4\n", "error", "Your code raised TypeError: 'int' object is not callable",
        "The name stands for a value of type int when the file is loaded; define a function of that name with def.",
    ),
    "raises": ("def NAME(x):\n    return {}[x]\n", "error", "Your code raised KeyError: 0", "NAME.py, line 2: return {}[x]"),
    "prints_a_megabyte": ("def NAME(x):\n    print('x' * 2**16)\n    return 2 * x\n", "pass", None, "Your code prints a lot; only what a function returns is looked at."),
    "floods": ("def NAME(x):\n    while True: print('x' * 2**20)\n", "error", "Your code printed more than 4 MiB.", ""),
    "asks": (
        "def NAME(x):\n    return 2 * int(input('x = '))\n", "error", "Your code raised EOFError: input() gets no answer here",
        "Nobody answers input() while a program is graded: take the values as arguments of the function.",
    ),
    "asks_at_the_top": (
        "n = input()\n" + RIGHT_CODE, "pass", None,
        "NAME.py, line 1: EOFError while the file was loaded (input() gets no answer here); the rest of the file still counts.",
    ),
    "never_ends": ("def NAME(x):\n    while True: pass\n", "timeout", "Your code was stopped after 1 seconds.", "NAME(0)"),
    "never_loads": (
        "while True:\n    pass\n" + RIGHT_CODE, "timeout",
        "While NAME.py was being loaded, at the statement of line 1: Your code was stopped after 2 seconds.", "",
    ),
    "exits": (
        "import sys\ndef NAME(x):\n    sys.exit(0)\n", "error", "Your code raised SystemExit: 0",
        "exit() ends the whole program: let the function return its result, and leave exit() out.",
    ),
    "ends_its_process": (
        "import os\ndef NAME(x):\n    os._exit(0)\n", "error",
        "Your code ended its process (exit status 0) before it answered.", "",
    ),
    "eats_memory": ("def NAME(x):\n    rows = []\n    while True: rows.append(b'x' * 2**24)\n", "memory", "", ""),
    "recurses": ("def NAME(x):\n    return NAME(x)\n", "error", "Your code raised RecursionError: maximum recursion depth exceeded", ""),
    "returns_nothing": ("def NAME(x):\n    2 * x\n", "fail", "Nothing was returned (None): is there a `return` at the end?", ""),
    "returns_text": ("def NAME(x):\n    return 'zero'\n", "fail", "The result is not a number.", ""),
    "is_wrong": ("def NAME(x):\n    return 2 * x + 1\n", "fail", "The number is not right.", "NAME = 1"),
    "in_gbk": (CHINESE.encode("gbk"), "pass", None, ""),
    "in_utf_16": (CHINESE.encode("utf-16"), "pass", None, ""),
    "in_utf_16_without_mark": (CHINESE.encode("utf-16-le"), "pass", None, ""),
    "with_a_mark": (CHINESE.encode("utf-8-sig"), "pass", None, ""),
    "in_latin_1": (
        "# élève ç\n".encode("latin-1"), "missing",
        "NAME: not found. NAME.py cannot be read: this is not a text file, or not in UTF-8; save it as UTF-8", "",
    ),
    "huge": (300 * 2**20, "missing", "NAME: not found. NAME.py cannot be read: it has 300 MiB, more than the 16 MiB of one file", ""),
}  # fmt: skip


def code(name, content):
    if isinstance(content, bytes):
        return content.replace(b"NAME", name.encode()).replace("NAME".encode("utf-16-le"), name.encode("utf-16-le"))
    return content.replace("NAME", name)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A course with an exercise for each case, and the submission to it."""
    toml = COURSE["double/exercise.toml"].replace("load_time_s = 4", "load_time_s = 2")
    checks = COURSE["double/checks.py"].replace("examples=10", "examples=3")
    names = [*CASES, "double"]
    course = {
        "course.toml": COURSE["course.toml"].replace('"double", "triple"', ", ".join(f'"{name}"' for name in names))
    }
    course |= {name: text for name, text in COURSE.items() if name.startswith("numbers/")}
    for name in names:
        course[f"{name}/exercise.toml"] = toml.replace("double", name)
        course[f"{name}/checks.py"] = checks.replace("double", name)
    files = {"double.py": RIGHT["double.py"], "answers.md": "# HW1\n## first\n7\n## second\n"}
    sparse = {name: content for name, (content, *_) in CASES.items() if isinstance(content, int)}
    for name, (content, *_) in CASES.items():
        if content is not None and name not in sparse:
            files[f"{name}.py"] = code(name, content)
    submission = write(tmp_path_factory.mktemp("hw"), files)
    for name, size in sparse.items():
        with (submission / f"{name}.py").open("wb") as stream:
            stream.truncate(size)
    return write(tmp_path_factory.mktemp("course"), course), submission


@pytest.fixture(scope="module")
def graded(folders):
    """The report of that submission; grading it all happens once."""
    course, submission = folders
    done = CliRunner().invoke(
        program,
        ["check", "--course", str(course), str(submission), "--json", "--lang", "en"],
        prog_name="grade",
    )
    assert done.exit_code == 1, done.output
    assert done.stderr == ""
    return Report.from_json(json.loads(done.stdout))


def part_of(report, name):
    return next(part for part in report.exercises if part.exercise == name)


@pytest.mark.parametrize("name", CASES)
def test_each_broken_file_gets_its_verdict_and_one_sentence(graded, name):
    _, verdict, sentence, below = CASES[name]
    part = part_of(graded, name)
    [outcome] = part.outcomes

    assert outcome.verdict.value == verdict, outcome
    assert str(outcome.summary or "").startswith((sentence or "").replace("NAME", name))
    lines = [str(line.text) for line in outcome.evidence] + [str(remark) for remark in part.remarks]
    assert not below or any(below.replace("NAME", name) in line for line in lines), lines


def test_the_honest_answers_beside_them_get_their_points(graded):
    assert part_of(graded, "double").points.earned == 2
    assert [outcome.verdict.value for outcome in part_of(graded, "numbers").outcomes] == ["pass", "missing"]


def test_no_sentence_shows_a_traceback_or_a_path_of_ours(graded):
    said = json.dumps(graded.to_json())

    assert "Traceback" not in said
    assert "site-packages" not in said
    assert "guest.py" not in said
    assert "fault" not in [outcome.verdict.value for part in graded.exercises for outcome in part.outcomes]


def test_converted_and_left_out_files_are_remarked_for_the_whole_submission(graded):
    said = "\n".join(map(str, graded.remarks))

    assert "in_gbk.py: the file is encoded as gb18030 and was converted; save it as UTF-8 to be sure" in said
    assert "huge.py was left out: it has 300 MiB, more than the 16 MiB of one file" in said
