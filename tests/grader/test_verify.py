"""Each demand of `grade verify` is broken once, and the sentence is read."""

import pytest

from grader.exercise import load_course
from grader.verify import verify

FILES = {
    "course.toml": 'format = 1\ntitle = "T"\nseed = "1"\nexercises = ["add"]\n',
    "add/exercise.toml": 'format = 1\ntitle = "Add"\nguest = "numpy"\nfile = "add.py"\nfunctions = ["add"]\n',
    "add/prompt.en.md": "Add.",
    "add/prompt.zh.md": "加。",
    "add/starter.py": "def add(a, b):\n    raise NotImplementedError\n",
    "add/checks.py": '''"""Checks."""
from grader import expect
from grader.checks import check, probe

@check(points=1)
def zero(student):
    """Zero plus zero is zero."""
    expect.number(student.add(0, 0), 0, name="sum")

@check(points=2, after=zero)
def one(student):
    """One plus one is two."""
    expect.number(student.add(1, 1), 2, name="sum")

@probe
def sample(student):
    return student.add(2, 3)
''',
    "add/submissions/accepted/plain.py": "def add(a, b):\n    return a + b\n",
    "add/submissions/wrong/constant.py": '"""You return one.\n\nFails: zero\n"""\ndef add(a, b):\n    return 1\n',
    "add/submissions/wrong/first.py": '"""You return a.\n\nFails: one\n"""\ndef add(a, b):\n    return a\n',
}


@pytest.fixture
def prove(tmp_path):
    def prove(**changed):
        for name, text in (FILES | changed).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                path.write_text(text, encoding="utf-8")
        [proof] = verify(load_course(tmp_path))
        return proof

    return prove


def test_a_good_exercise_is_proved(prove):
    proof = prove()

    assert proof.problems == ()
    assert (proof.checks, proof.accepted, proof.wrong, proof.pairs, proof.pairs_apart) == (2, 1, 2, 1, 1)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("add/submissions/accepted/plain.py", "def add(a, b):\n    return a - b\n", "accepted/plain.py: expected full points, but one is fail"),
        ("add/submissions/wrong/first.py", '"""S.\n\nFails: zero\n"""\ndef add(a, b):\n    return a\n', "wrong/first.py: fails one, which it does not name"),
        ("add/submissions/wrong/first.py", '"""S.\n\nFails: one, two\n"""\ndef add(a, b):\n    return a\n', "names the check two, which does not exist"),
        ("add/submissions/wrong/first.py", '"""S.\n\nFails: one\n"""\ndef add(a, b):\n    return a + b\n', "wrong/first.py: names one, but does not fail it"),
        ("add/submissions/wrong/first.py", '"""S."""\ndef add(a, b):\n    return a\n', "expected a sentence and `Fails: ...`"),
        ("add/submissions/wrong/first.py", None, "the check one is failed by no wrong submission"),
        ("add/submissions/wrong/twin.py", '"""S.\n\nFails: one\n"""\ndef add(a, b):\n    return b and a\n', "first and twin agree on every probe"),
        ("add/starter.py", "def add(a, b):\n    return 0\n", "the starter: expected zero to be missing or skipped, but it is pass"),
        ("add/starter.py", None, "starter.py: expected it, because the exercise asks for code"),
        ("add/prompt.zh.md", None, "prompt.zh.md: expected the task in this language"),
        ("add/notes.txt", "x", "notes.txt: an unknown file"),
        ("add/submissions/accepted/plain.py", None, "submissions/accepted: expected at least one file, found none"),
    ],
)  # fmt: skip
def test_each_broken_demand_is_named(prove, name, text, sentence):
    proof = prove(**{name: text})

    assert any(sentence in str(problem) for problem in proof.problems), list(map(str, proof.problems))


def test_a_check_that_breaks_is_a_fault_of_ours(prove):
    broken = FILES["add/checks.py"].replace("student.add(1, 1), 2", "student.add(1, 1).shape, 2")

    problems = list(map(str, prove(**{"add/checks.py": broken}).problems))

    assert "wrong/first.py: one ends in a fault of ours" in problems
