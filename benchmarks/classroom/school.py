"""The class itself: who is in it, what each hands in, and what should come of it."""

import csv
import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from grader.diagnose import Specimen, specimen_sheet, specimens
from grader.exercise import Course, Exercise, load_course
from grader.grade import personal_texts
from grader.intake.submission import SHEET_FILE, STUDENT_FILE
from grader.verify import sheet_text

from . import container, hostile, intent, notebook

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "杰", "小明", "晓红", "建国", "雨桐", "子涵", "思远")
FOLDER, ZIP, CHINESE, NEWLINE, SINGLE = "folder", "zip", "Chinese zip", "newline", "single file"
DAY_S = 86400


@dataclass
class Homework:
    """What a student hands in: Python files, answer sheets, and for each exercise what should come of it."""

    code: dict[str, bytes] = field(default_factory=dict)
    sheets: list[str] = field(default_factory=list)
    intended: dict[str, dict[str, Any]] = field(default_factory=dict)

    def files(self, student: str) -> dict[str, bytes]:
        """As the template has them."""
        sheet = {SHEET_FILE: "\n\n".join(self.sheets).encode()} if self.sheets else {}
        return {STUDENT_FILE: f'student = "{student}"\n'.encode()} | self.code | sheet

    def as_notebook(self, student: str, kind: str, draw: random.Random) -> dict[str, bytes]:
        """One notebook, and beside it the files whose names would get in the way of another's."""
        taken: set[str] = set()
        inside, beside = {}, {}
        for file, content in sorted(self.code.items(), key=lambda _: draw.random()):
            own = notebook.names(content.decode())
            if own & taken:
                beside[file] = content
            else:
                taken |= own
                inside[file] = content.decode()
        return {"homework.ipynb": notebook.notebook(student, inside, self.sheets, kind, draw)} | beside


class School:
    """Deals out an exercise's own submissions, each accepted one in turn and each wrong one at least once."""

    def __init__(self, course: Course, exercises: Sequence[Exercise], draw: random.Random) -> None:
        self.course, self.exercises, self.draw = course, exercises, draw
        self._accepted = {one.name: cycle(_shuffled(specimens(one, "accepted"), draw)) for one in exercises}
        self._wrong = {one.name: _shuffled(specimens(one, "wrong"), draw) for one in exercises}
        self._dealt: dict[str, int] = dict.fromkeys(self._wrong, 0)

    @property
    def left(self) -> int:
        """How many known mistakes nobody has made yet."""
        return sum(max(0, len(wrong) - self._dealt[name]) for name, wrong in self._wrong.items())

    def homework(self, student: str, mistakes: int = 0, *, spared: Exercise | None = None) -> Homework:
        """Right, but for a mistake in so many exercises: those of which most are left, and not the spared one."""
        names = [name for name in self._wrong if spared is None or name != spared.name]
        names.sort(key=lambda name: self._dealt[name] - len(self._wrong[name]))
        wrong = set(names[:mistakes])
        made = Homework()
        for exercise in self.exercises:
            specimen = self._mistake(exercise.name) if exercise.name in wrong else next(self._accepted[exercise.name])
            self.add(made, student, exercise, specimen)
        return made

    def add(self, made: Homework, student: str, exercise: Exercise, specimen: Specimen) -> None:
        """Let a homework hold one of an exercise's own submissions."""
        made.intended[exercise.name] = intent.of_specimen(exercise, specimen)
        if specimen.path.suffix == ".md":
            made.sheets.append(specimen.path.read_text(encoding="utf-8"))
            return
        if exercise.file:
            made.code[exercise.file] = specimen.path.read_bytes()
        if exercise.fields:
            given = personal_texts(self.course, exercise, student)
            made.sheets.append(sheet_text(exercise, given | specimen_sheet(exercise, specimen, given)))

    def _mistake(self, exercise: str) -> Specimen:
        wrong = self._wrong[exercise]
        self._dealt[exercise] += 1
        return wrong[(self._dealt[exercise] - 1) % len(wrong)]


def make(folder: Path, count: int, *, exercises: Sequence[str] = (), seed: int = 1) -> dict[str, Any]:
    """Write a class, and return what is intended as `intended.json` holds it."""
    course, draw = load_course(), random.Random(seed)
    chosen = [course.exercise(name) for name in exercises] or list(course.exercises)
    place = folder / "submissions"
    place.mkdir(parents=True)
    school = School(course, chosen, draw)
    total = school.left
    writer = _Writer(place, school)
    people: dict[str, dict[str, Any]] = {}
    roster: list[tuple[str, str]] = []
    for number in range(count):
        key, name = f"2024{number:04}", draw.choice(SURNAMES) + draw.choice(GIVEN)
        roster.append((name, key))
        people[key] = {"name": name, **writer.hand_in(number, key, name, count)}
    absent = f"2024{count:04}"
    people[absent] = {"name": "未交", "submissions": 0}
    twins = f"2024{count + 1:04}"  # two people by one id: what came in under it is nobody's
    roster += [("未交", absent), ("双胞", twins), ("胎", twins)]
    strangers = [f"{twins}_双胞", "9999_外人"]
    for stranger in strangers:
        container.folder(place, stranger, school.homework("0").files("0"))
    with (folder / "roster.csv").open("w", encoding="gbk", newline="") as stream:
        csv.writer(stream).writerows([("姓名", "学号"), *roster])
    intended = {"people": people, "strangers": strangers, "mistakes": total - school.left}
    (folder / "intended.json").write_text(json.dumps(intended, ensure_ascii=False, indent=1), encoding="utf-8")
    return intended


class _Writer:
    """Writes what a student hands in, by the student's number: tenths of the class are alike in kind."""

    def __init__(self, place: Path, school: School) -> None:
        self._place, self._school, self._draw = place, school, school.draw
        self._broken, self._attacks = cycle(container.BROKEN), cycle(hostile.ATTACKS)
        self._notebooks = cycle(notebook.KINDS)
        self._coded = [one for one in school.exercises if one.file]

    def _next_coded(self) -> Exercise:
        """The exercises that ask for code, in turn."""
        self._coded.append(self._coded.pop(0))
        return self._coded[-1]

    def hand_in(self, number: int, key: str, name: str, count: int) -> dict[str, Any]:
        """Write it and say what is intended."""
        called = f"{key}_{name}" if number % 2 else f"{name}-{key}"
        tenth = number % 10
        if tenth == 9:
            write, reason = container.BROKEN[next(self._broken)]
            write(self._place, called)
            return {"submissions": 1, "reason": reason}
        if number % 20 == 8 and self._coded:
            return self._only_one(key, called, self._next_coded())
        later = max(1, sum(n % 10 not in (0, 1, 9) and n % 20 != 8 for n in range(number, count)))
        most = 0 if tenth in (0, 1) else max(1, -(-self._school.left // later))  # at last each is somebody's
        attacked = self._next_coded() if tenth in (7, 8) and self._coded else None
        made = self._school.homework(key, most, spared=attacked)
        if attacked is not None:
            kind = next(self._attacks)
            made.code[str(attacked.file)] = hostile.attack(kind, attacked.functions)
            made.intended[attacked.name] = intent.of_attack(attacked, hostile.ATTACKS[kind][1])
        files = made.files(key)
        if number % 3 == 2:
            files = made.as_notebook(key, next(self._notebooks), self._draw)
        if tenth == 1:  # an earlier one, of which nothing counts
            self._write(f"{called} (1)", {SHEET_FILE: b"# nothing yet\n"}, FOLDER, days=-1)
        kind = (FOLDER, ZIP, FOLDER, CHINESE)[number % 4] if number % 20 != 4 else NEWLINE
        self._write(called, files, SINGLE if kind == FOLDER and len(files) == 1 else kind)
        return {"submissions": 2 if tenth == 1 else 1, "exercises": made.intended}

    def _only_one(self, key: str, called: str, exercise: Exercise) -> dict[str, Any]:
        """A student with a single file, and nothing for the other exercises."""
        made = Homework()
        self._school.add(made, key, exercise, specimens(exercise, "accepted")[0])
        container.single(self._place, called, made.code)
        intended = {one.name: intent.of_nothing(one) for one in self._school.exercises}
        return {"submissions": 1, "exercises": intended | {exercise.name: intent.of_code_alone(exercise)}}

    def _write(self, called: str, files: dict[str, bytes], kind: str, days: int = 0) -> None:
        if kind == ZIP:
            written = container.archive(self._place, called, files)
        elif kind == CHINESE:
            written = container.chinese_archive(self._place, called, files)
        elif kind == SINGLE:
            written = container.single(self._place, called, files)
        else:
            written = container.folder(
                self._place, called.replace("2024", "\n2024", 1) if kind == NEWLINE else called, files
            )
        if days:
            for path in (*written.rglob("*"), written):
                time = path.stat().st_mtime + days * DAY_S
                os.utime(path, (time, time))


def _shuffled(found: Sequence[Specimen], draw: random.Random) -> list[Specimen]:
    return draw.sample(found, len(found))
