"""Name the misconception behind wrong answers: the exercise's wrong submissions are its diagnosis.

A student's answers to all probes are compared with those of every wrong
submission.  Exactly one that agrees on each of them is named; none or several
say nothing.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from grader.compare.array import as_array
from grader.exercise import Exercise, Probe
from grader.field import Answers, Located, UnansweredField, UnreadableField, locate
from grader.message import Message
from grader.model import Diagnosis
from grader.sandbox.host import GuestLost, MissingName, StudentError, UnsendableValue
from grader.student import LocalTransport, Student

RELATIVE_TOLERANCE = 1e-6


class _NoAnswer:
    """A probe that was not answered; it is equal to nothing."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A probe that was answered with an exception of this type; two of them agree."""

    type: str


NO_ANSWER = _NoAnswer()


@dataclass(frozen=True, slots=True)
class Specimen:
    """A submission that an exercise brings along: its file, its sentence, the checks that it must fail."""

    path: Path
    sentence: str
    fails: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem


def specimens(exercise: Exercise, kind: str) -> tuple[Specimen, ...]:
    """The exercise's own submissions of a kind ("accepted" or "wrong"), sorted by name."""
    folder = exercise.folder / "submissions" / kind
    paths = sorted(path for path in folder.glob("*") if path.suffix in (".py", ".md")) if folder.is_dir() else []
    return tuple(_read_specimen(path) for path in paths)


def diagnose(exercise: Exercise, fixtures: Mapping[str, Any]) -> Diagnosis | None:
    """The one misconception that explains every answer of this student, or None."""
    if not exercise.probes:
        return None
    mine = ProbeAnswers(exercise.probes, lambda: fixtures)
    if all(isinstance(answer, (_NoAnswer, Raised)) for answer in mine):
        return None
    found = [
        specimen
        for specimen in specimens(exercise, "wrong")
        if agree(mine, specimen_answers(exercise, specimen, fixtures))
    ]
    if len(found) != 1:
        return None
    return Diagnosis(found[0].name, Message(found[0].sentence))


class ProbeAnswers(Sequence[Any]):
    """The answers of one submission to all probes, each asked for when it is first needed.

    Args:
        fixtures: Makes what the probes see; the submission's own module is made anew for each, and not kept,
            because its last network may be large.
    """

    def __init__(self, probes: tuple[Probe, ...], fixtures: Callable[[], Mapping[str, Any]]) -> None:
        self._probes = probes
        self._fixtures = fixtures
        self._known: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._probes)

    def __getitem__(self, index: Any) -> Any:
        """The answer to a probe; what is not answered is `NO_ANSWER`."""
        probe = self._probes[index]
        if index not in self._known:
            self._known[index] = _answer(probe, self._fixtures())
        return self._known[index]


def specimen_answers(exercise: Exercise, specimen: Specimen, fixtures: Mapping[str, Any]) -> ProbeAnswers:
    """The answers of an exercise's own submission; those that no student changes are kept with the exercise."""
    if specimen.path in exercise.answered:
        kept: ProbeAnswers = exercise.answered[specimen.path]
        return kept
    made = ProbeAnswers(exercise.probes, lambda: specimen_fixtures(exercise, specimen, fixtures))
    is_personal = any("personal" in probe.fixtures for probe in exercise.probes)
    if not is_personal and not any(field.given for field in exercise.fields):
        exercise.answered[specimen.path] = made
    return made


def agree(mine: Sequence[Any], theirs: Sequence[Any]) -> bool:
    """Whether two submissions agree on every probe that the first one answered, and there is at least one."""
    is_answered = False
    for index, answer in enumerate(mine):
        if isinstance(answer, _NoAnswer):
            continue
        is_answered = True
        if not _same(answer, theirs[index]):
            return False
    return is_answered


def specimen_fixtures(exercise: Exercise, specimen: Specimen, fixtures: Mapping[str, Any]) -> dict[str, Any]:
    """What checks and probes see of an exercise's own submission, which runs in this process.

    Fields that a student chooses are taken from the student's own sheet.
    """
    transport = LocalTransport(specimen.path, exercise.guest or "numpy") if specimen.path.suffix == ".py" else None
    return dict(fixtures) | {
        "student": Student(transport) if transport is not None else None,
        "answers": _sheet_answers(exercise, specimen, fixtures.get("answers")),
    }


def specimen_sheet(exercise: Exercise, specimen: Specimen, given: Mapping[str, str]) -> dict[str, str]:
    """The answers of an exercise's own submission: its Markdown as it stands, or what its function `sheet` makes.

    `sheet(given)` gets the fields that the student chose; `sheet(given, settings)` also the exercise's settings.
    """
    if specimen.path.suffix == ".md":
        from grader.answers.sheet import read_sheet

        sheet = read_sheet(specimen.path.read_text(encoding="utf-8"))
        found = locate([sheet], [exercise.name, *exercise.aliases], exercise.fields, [])
        return {key: located.text for key, located in found.items()}
    namespace: dict[str, Any] = {"__name__": specimen.name, "__file__": str(specimen.path)}
    exec(compile(specimen.path.read_text(encoding="utf-8"), str(specimen.path), "exec"), namespace)
    function = namespace.get("sheet")
    if not callable(function):
        return {}
    takes_settings = "settings" in inspect.signature(function).parameters
    return dict(function(dict(given), exercise.settings) if takes_settings else function(dict(given)))


def _sheet_answers(exercise: Exercise, specimen: Specimen, answers: Answers | None) -> Answers:
    given = _given(exercise, answers)
    texts = {key: Located(text) for key, text in given.items()}
    if exercise.fields:
        texts = {key: Located(text) for key, text in specimen_sheet(exercise, specimen, given).items()} | texts
    return Answers(exercise.fields, texts)


def _given(exercise: Exercise, answers: Answers | None) -> dict[str, str]:
    given = {}
    for field in exercise.fields:
        if field.given and answers is not None and field.key in answers:
            try:
                given[field.key] = answers.read(field.key).understood  # the canonical form, easy to read back
            except (UnansweredField, UnreadableField):
                continue
    return given


def _read_specimen(path: Path) -> Specimen:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        words = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = re.match(r"\s*<!--(.*?)-->", text, re.DOTALL)
        words = comment.group(1) if comment else ""
    head, _, tail = words.strip().partition("Fails:")
    fails = tuple(name.strip() for name in tail.replace("\n", " ").split(",") if name.strip())
    return Specimen(path, " ".join(head.split()), fails)


def _answer(probe: Probe, fixtures: Mapping[str, Any]) -> Any:
    student = fixtures.get("student")
    if student is None and "student" in probe.fixtures:
        return NO_ANSWER
    try:
        return probe.function(**{name: fixtures[name] for name in probe.fixtures})
    except StudentError as error:
        return NO_ANSWER if error.info.unwritten else Raised(error.info.type)
    except (GuestLost, MissingName, UnsendableValue, UnansweredField, UnreadableField):
        return NO_ANSWER
    except Exception:
        return NO_ANSWER  # a probe may stumble over a value of the wrong kind; then it knows nothing


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, _NoAnswer) or isinstance(theirs, _NoAnswer):
        return False
    if isinstance(mine, Raised) or isinstance(theirs, Raised):
        return type(mine) is type(theirs) and bool(mine == theirs)  # an array would compare element by element
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
    if isinstance(mine, (int, Fraction)) and isinstance(theirs, (int, Fraction)):
        return mine == theirs
    left, right = as_array(mine), as_array(theirs)
    if left is not None and right is not None:
        scale = max(1.0, float(np.max(np.abs(right), initial=0.0)))
        return left.shape == right.shape and bool(np.all(np.abs(left - right) <= RELATIVE_TOLERANCE * scale))
    if isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)):
        return len(mine) == len(theirs) and all(_same(a, b) for a, b in zip(mine, theirs, strict=True))
    return type(mine) is type(theirs) and not isinstance(mine, np.ndarray) and bool(mine == theirs)
