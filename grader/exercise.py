"""An exercise and a course as they lie on disk: facts read from TOML, functions read from checks.py.

exercises/
    course.toml            title, seed, the exercises in their order
    conv2d/
        exercise.toml      version, titles, kind of guest, fields, limits, settings
        prompt.en.md  prompt.zh.md
        starter.py and / or starter.md
        checks.py          checks and probes
        personal.py        optional: values drawn from a student's id
        submissions/accepted/  submissions/wrong/
"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
import tomllib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.checks import CHECK_MARK, FIXTURES, PROBE_MARK, CheckMark
from grader.errors import ExerciseError, UnknownExerciseError
from grader.field import Field
from grader.message import Message, msg
from grader.sandbox.limits import Limits
from grader.untrusted import clean

FORMAT = 1
GUESTS = ("numpy", "torch")
TEXTS = frozenset({"title", "seed", "guest", "file", "source"})
LISTS = frozenset({"exercises", "aliases", "functions"})
TABLES = frozenset({"limits", "settings"})


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about a submission: the sentence that the student reads, its points, the function that decides."""

    name: str
    sentence: Message
    points: int
    after: tuple[str, ...]
    examples: int
    function: Callable[..., Any]
    fixtures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question whose answer, together with the others', tells misconceptions apart."""

    name: str
    function: Callable[..., Any]
    fixtures: tuple[str, ...]


@dataclass(frozen=True)
class Exercise:
    """One exercise; `checks` and `probes` import its checks.py when they are first asked for."""

    name: str
    folder: Path
    version: int
    title: Message
    aliases: tuple[str, ...]
    guest: str | None
    file: str | None
    functions: tuple[str, ...]
    fields: tuple[Field, ...]
    limits: Limits
    settings: Mapping[str, Any]
    source: str = ""

    @cached_property
    def module(self) -> ModuleType:
        """The exercise's checks.py."""
        return _import(self.folder / "checks.py", f"exercises.{self.name}.checks")

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The checks in the order of the file."""
        checks: list[Check] = []
        for name, function in vars(self.module).items():
            mark: CheckMark | None = getattr(function, CHECK_MARK, None)
            if mark is not None and function.__module__ == self.module.__name__:
                checks.append(self._check(name, function, mark))
        if not checks:
            raise ExerciseError(
                msg("{exercise}/checks.py: expected functions marked with @check, found none", exercise=self.name)
            )
        return tuple(checks)

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """The probes in the order of the file."""
        return tuple(
            Probe(name, function, self._fixtures(name, function))
            for name, function in vars(self.module).items()
            if getattr(function, PROBE_MARK, False) and function.__module__ == self.module.__name__
        )

    @cached_property
    def personal(self) -> Callable[..., Mapping[str, str]] | None:
        """`personal(rng)` of personal.py: a text per field, drawn for one student; None where there is none."""
        path = self.folder / "personal.py"
        if not path.exists():
            return None
        function = getattr(_import(path, f"exercises.{self.name}.personal"), "personal", None)
        if not callable(function):
            raise ExerciseError(msg("{exercise}/personal.py: expected a function personal(rng)", exercise=self.name))
        return function  # type: ignore[no-any-return]

    @cached_property
    def answered(self) -> dict[Path, Any]:
        """What its own submissions answered to the probes, as far as a diagnosis has asked; no student changes it."""
        return {}

    def path(self, name: str) -> Path:
        """A file of the exercise's folder."""
        return self.folder / name

    def text(self, name: str) -> str | None:
        """The text of a file of the exercise's folder, None where there is none."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else None

    def _check(self, name: str, function: Callable[..., Any], mark: CheckMark) -> Check:
        sentence = inspect.getdoc(function)
        if not sentence:
            raise ExerciseError(
                msg(
                    "{exercise}/checks.py: {check} has no docstring, which is what the student reads",
                    exercise=self.name,
                    check=name,
                )
            )
        return Check(
            name=name,
            sentence=Message(" ".join(sentence.split())),
            points=mark.points,
            after=tuple(before.__name__ for before in mark.after),
            examples=mark.examples,
            function=function,
            fixtures=self._fixtures(name, function),
        )

    def _fixtures(self, name: str, function: Callable[..., Any]) -> tuple[str, ...]:
        parameters = tuple(inspect.signature(function).parameters)
        for parameter in parameters:
            if parameter not in FIXTURES:
                raise ExerciseError(
                    msg(
                        "{exercise}/checks.py: {check} has the parameter {parameter}; expected one of {fixtures}, or a "
                        "value drawn by @given",
                        exercise=self.name,
                        check=name,
                        parameter=parameter,
                        fixtures=", ".join(sorted(FIXTURES)),
                    )
                )
        return parameters


@dataclass(frozen=True)
class Course:
    """A folder of exercises with their order and the seed of all that is drawn."""

    folder: Path
    title: Message
    seed: str
    exercises: tuple[Exercise, ...] = field(default=())

    def exercise(self, name: str) -> Exercise:
        """The exercise of that name or alias.

        Raises:
            UnknownExerciseError: There is none; the sentence offers the nearest name.
        """
        for exercise in self.exercises:
            if name.casefold() in (exercise.name, *(alias.casefold() for alias in exercise.aliases)):
                return exercise
        names = [exercise.name for exercise in self.exercises]
        near = difflib.get_close_matches(name, names, 1)
        raise UnknownExerciseError(
            msg("no exercise is called {name}; did you mean {near}?", name=name, near=near[0])
            if near
            else msg("no exercise is called {name}; there are: {names}", name=name, names=", ".join(names))
        )


def default_course_folder() -> Path:
    """The exercises that are installed with the grader."""
    spec = importlib.util.find_spec("exercises")
    if spec is None or not spec.submodule_search_locations:
        raise ExerciseError(msg("the exercises are not installed; install the distribution again, or give --course"))
    return Path(next(iter(spec.submodule_search_locations)))


def load_course(folder: Path | None = None) -> Course:
    """Read course.toml and every exercise that it names.

    Raises:
        ExerciseError: A file is missing or not as it must be; the sentence names the file and the key.
    """
    folder = folder or default_course_folder()
    data = _read_toml(folder / "course.toml", {"format", "title", "seed", "exercises"})
    names = data.get("exercises", [])
    return Course(
        folder=folder,
        title=Message(str(data.get("title", folder.name))),
        seed=str(data.get("seed", "0")),
        exercises=tuple(load_exercise(folder / name) for name in names),
    )


def load_exercise(folder: Path) -> Exercise:
    """Read exercise.toml of one exercise; checks.py is not imported yet.

    Raises:
        ExerciseError: As for `load_course`.
    """
    path = folder / "exercise.toml"
    known = {"format", "version", "title", "aliases", "guest", "file", "functions", "source"}
    data = _read_toml(path, known | {"fields", "limits", "settings"})
    where = f"{folder.name}/exercise.toml"
    guest = data.get("guest")
    if guest is not None and guest not in GUESTS:
        raise ExerciseError(
            msg(
                "{where}: guest: expected one of {known}, got {got}",
                where=where,
                known=", ".join(GUESTS),
                got=repr(guest),
            )
        )
    if guest is not None and not (data.get("file") and data.get("functions")):
        raise ExerciseError(msg("{where}: an exercise with a guest needs the keys file and functions", where=where))
    limits = data.get("limits", {})
    _demand_known(where, limits, {f.name for f in fields(Limits)})
    for key, value in limits.items():
        if type(value) not in (int, float) or value < 0:
            raise _wrong_kind(where, key, msg("a number from 0 on"), value)
    return Exercise(
        name=folder.name,
        folder=folder,
        version=int(data.get("version", 1)),
        title=Message(str(data.get("title", folder.name))),
        aliases=tuple(data.get("aliases", ())),
        guest=guest,
        file=data.get("file"),
        functions=tuple(data.get("functions", ())),
        fields=tuple(Field.from_toml(where, row) for row in data.get("fields", ())),
        limits=Limits(**limits),
        settings=data.get("settings", {}),
        source=data.get("source", ""),
    )


def _read_toml(path: Path, known: set[str]) -> dict[str, Any]:
    where = f"{path.parent.name}/{path.name}"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExerciseError(msg("{where}: there is no such file", where=where)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExerciseError(msg("{where}: not TOML: {error}", where=where, error=str(error))) from None
    _demand_known(where, data, known)
    for key, value in data.items():
        _demand_kind(where, key, value)
    if data.get("format") != FORMAT:
        raise ExerciseError(
            msg("{where}: format: expected {known}, got {got}", where=where, known=FORMAT, got=repr(data.get("format")))
        )
    return data


def _demand_known(where: str, data: Mapping[str, Any], known: set[str]) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            offer = near[0] if near else ", ".join(sorted(known))
            raise ExerciseError(
                msg("{where}: unknown key {key}; did you mean {near}?", where=where, key=repr(key), near=offer)
            )


def _demand_kind(where: str, key: str, value: Any) -> None:
    """Refuse a value of the wrong kind here, where its key can be named."""
    if key in TEXTS and not isinstance(value, str):
        raise _wrong_kind(where, key, msg("a text"), value)
    if key in LISTS and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise _wrong_kind(where, key, msg("a list of texts"), value)
    if key in TABLES and not isinstance(value, dict):
        raise _wrong_kind(where, key, msg("a table"), value)
    if key == "version" and type(value) is not int:
        raise _wrong_kind(where, key, msg("a whole number"), value)
    if key == "fields" and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        raise _wrong_kind(where, key, msg("tables, each below [[fields]]"), value)


def _wrong_kind(where: str, key: str, wanted: Message, got: object) -> ExerciseError:
    return ExerciseError(
        msg(
            "{where}: {key}: expected {wanted}, got {got}",
            where=where,
            key=key,
            wanted=wanted,
            got=clean(repr(got), 80),
        )
    )


def _line_of(error: Exception, path: Path) -> int:
    """The line of this file at which an exception arose."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    return next(
        (
            place.lineno or 0
            for place in reversed(traceback.extract_tb(error.__traceback__))
            if place.filename == str(path)
        ),
        0,
    )


def _import(path: Path, name: str) -> ModuleType:
    """Import a file of an exercise under a name of its own, once per load; the file's errors are its author's."""
    path = path.resolve()  # as tracebacks name it
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.exists():
        raise ExerciseError(msg("{where}: there is no such file", where=f"{path.parent.name}/{path.name}"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ExerciseError(
            msg(
                "{where}, line {line}: it cannot be imported: {error}",
                where=f"{path.parent.name}/{path.name}",
                line=_line_of(error, path),
                error=clean(f"{type(error).__name__}: {error}"),
            )
        ) from error
    return module
