"""Make a mixed class: right solutions, each known mistake, broken and hostile files, folders and zips, Chinese names.

    python benchmarks/classroom.py DIR [--count 300] [--exercise NAME ...] [--seed 1]

writes DIR/submissions/, DIR/roster.csv and DIR/intended.json: for each student and exercise the verdicts that the
exercise's own submission promises, or that the submission cannot be graded.  Then

    grade batch DIR/submissions --roster DIR/roster.csv

grades it, and `python benchmarks/classroom.py DIR --check BOOK` compares the gradebook with what was intended.
"""

import argparse
import csv
import json
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

from grader.diagnose import Specimen, specimen_sheet, specimens
from grader.exercise import Course, load_course
from grader.grade import personal_texts
from grader.gradebook import Gradebook
from grader.intake.submission import SHEET_FILE, STUDENT_FILE
from grader.model import Verdict
from grader.verify import sheet_text

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "杰", "小明", "晓红", "建国", "雨桐", "子涵", "思远")
BROKEN = ("empty.zip", "damaged.zip", "encrypted.zip", "page.ipynb", "huge.docx")
UNBLAMED = (Verdict.PASS, Verdict.SKIPPED, Verdict.NEEDS_REVIEW)
HOSTILE = (
    "import os\nos._exit(0)\n",
    "import sys\nsys.exit(0)\n",
    "print('PASS 17/17')\nraise SystemExit\n",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
)


def make(folder: Path, count: int, *, exercises: Sequence[str] = (), seed: int = 1) -> dict[str, dict]:
    """Write a class and return what is intended: by id, the checks that fail by exercise, or `broken`."""
    course, draw = load_course(), random.Random(seed)
    chosen = [course.exercise(name) for name in exercises] or list(course.exercises)
    place = folder / "submissions"
    place.mkdir(parents=True)
    intended: dict[str, dict] = {}
    mistakes = [(exercise, specimen) for exercise in chosen for specimen in specimens(exercise, "wrong")]
    draw.shuffle(mistakes)
    people = []
    for number in range(count):
        key, name = f"2024{number:04}", draw.choice(SURNAMES) + draw.choice(GIVEN)
        people.append((name, key))
        kind = number % 10
        if kind == 9:
            intended[key] = {"name": name, "broken": True}
            _broken(place, f"{key}{name}", BROKEN[number // 10 % len(BROKEN)])
            continue
        parts = {exercise.name: draw.choice(specimens(exercise, "accepted")) for exercise in chosen}
        fails: dict[str, list[str]] = {exercise.name: [] for exercise in chosen}
        if kind >= 2:
            exercise, specimen = mistakes[number % len(mistakes)]
            parts[exercise.name] = specimen
            fails[exercise.name] = sorted(specimen.fails)
        files = _files(course, key, parts)
        coded = [exercise for exercise in chosen if exercise.file and not exercise.fields]
        if kind == 8 and coded:
            exercise = draw.choice(coded)
            files[str(exercise.file)] = HOSTILE[number // 10 % len(HOSTILE)].encode()
            fails[exercise.name] = ["*"]
        intended[key] = {"name": name, "fails": fails}
        _hand_in(place, f"{key}_{name}" if number % 2 else f"{name}-{key}", files, is_zip=number % 3 == 0)
    with (folder / "roster.csv").open("w", encoding="gbk", newline="") as stream:
        csv.writer(stream).writerows([("姓名", "学号"), *people])
    (folder / "intended.json").write_text(json.dumps(intended, ensure_ascii=False, indent=1), encoding="utf-8")
    return intended


def check(folder: Path, book: Path | str) -> list[str]:
    """Where the gradebook differs from what was intended: a sentence each, none when all is right."""
    intended = json.loads((folder / "intended.json").read_text(encoding="utf-8"))
    problems = []
    with Gradebook.open(book, create=False) as opened:
        rows = {row.person.id: row for row in opened.table()}
    if rows.keys() != intended.keys():
        problems.append(f"people: expected {len(intended)}, got {len(rows)}: {sorted(rows.keys() ^ intended.keys())}")
    for key, wanted in intended.items():
        row = rows.get(key)
        if row is None:
            continue
        if row.person.name != wanted["name"]:
            problems.append(f"{key}: expected the name {wanted['name']}, got {row.person.name}")
        if wanted.get("broken"):
            if row.is_graded or not row.problems:
                problems.append(f"{key}: expected no mark and a reason, got {row.cells}")
            continue
        for exercise, fails in wanted["fails"].items():
            cell = row.cells.get(exercise)
            if cell is None:
                problems.append(f"{key}, {exercise}: expected a mark, got none; {[*map(str, row.problems)]}")
                continue
            got = sorted(mark.check for mark in cell.marks if mark.verdict not in UNBLAMED)
            if (
                fails == ["*"]
                and cell.points.earned == 0
                and not any(mark.verdict is Verdict.FAULT for mark in cell.marks)
            ):
                continue
            if got != fails:
                problems.append(f"{key}, {exercise}: expected {fails} to fail, got {got}")
    return problems


def _files(course: Course, student: str, parts: dict[str, Specimen]) -> dict[str, bytes]:
    """The files of a student who hands in one of an exercise's own submissions for each exercise."""
    files = {STUDENT_FILE: f'student = "{student}"\n'.encode()}
    sheets = []
    for name, specimen in parts.items():
        exercise = course.exercise(name)
        if specimen.path.suffix == ".md":
            sheets.append(specimen.path.read_text(encoding="utf-8"))
            continue
        if exercise.file:
            files[exercise.file] = specimen.path.read_bytes()
        if exercise.fields:
            given = personal_texts(course, exercise, student)
            sheets.append(sheet_text(exercise, given | specimen_sheet(exercise, specimen, given)))
    return files | {SHEET_FILE: "\n\n".join(sheets).encode()}


def _hand_in(place: Path, name: str, files: dict[str, bytes], *, is_zip: bool) -> None:
    if not is_zip:
        (place / name).mkdir()
        for file, content in files.items():
            (place / name / file).write_bytes(content)
        return
    with zipfile.ZipFile(place / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            archive.writestr(f"homework/{file}", content)


def _broken(place: Path, name: str, kind: str) -> None:
    """A file that cannot be graded."""
    if kind == "empty.zip":
        with zipfile.ZipFile(place / f"{name}.zip", "w"):
            return
    if kind == "encrypted.zip":
        with zipfile.ZipFile(place / f"{name}.zip", "w") as archive:
            archive.writestr("conv2d.py", "secret")
        data = bytearray((place / f"{name}.zip").read_bytes())
        data[6] |= 1  # the flag of the member's own header, then that of the directory
        data[data.index(b"PK\1\2") + 8] |= 1
        (place / f"{name}.zip").write_bytes(data)
    elif kind == "damaged.zip":
        (place / f"{name}.zip").write_bytes(b"PK\3\4 and then nothing")
    elif kind == "page.ipynb":
        (place / f"{name}.ipynb").write_text("<!DOCTYPE html><title>Sign in</title>", encoding="utf-8")
    elif kind == "huge.docx":
        with (place / f"{name}.docx").open("wb") as stream:
            stream.truncate(2 * 2**30)  # a sparse file: it says 2 GiB and takes no room


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--exercise", action="append", default=[], metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", metavar="BOOK", help="compare a gradebook with what was intended, write nothing")
    options = parser.parse_args()
    if options.check:
        problems = check(options.folder, options.check)
        print("\n".join(problems) or "The gradebook is as intended.")
        raise SystemExit(bool(problems))
    made = make(options.folder, options.count, exercises=options.exercise, seed=options.seed)
    print(f"{len(made)} submissions in {options.folder / 'submissions'}")


if __name__ == "__main__":
    main()
