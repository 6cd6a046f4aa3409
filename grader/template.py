"""What a student starts from, made of the exercises' starters; `python -m grader.template` writes student_template/.

The files: README.md and README.zh.md say what to do and hold the prompt of every exercise; answers.md holds the
starter.md of every exercise; conv2d.py and so on are the starter.py of exercises that ask for code; grade.toml, with
a student's id only, says who hands in; homework.ipynb holds all of it once more, as one notebook.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from grader.answers.sheet import Duplicate, read_sheet
from grader.errors import ExerciseError, GraderError
from grader.exercise import Course, Exercise, load_course
from grader.grade import personal_texts
from grader.i18n import LANGUAGES, SOURCE_LANGUAGE, translator
from grader.intake.submission import SHEET_FILE, STUDENT_FILE
from grader.message import Message, msg, verbatim
from grader.notebook import blank

NOTEBOOK_FILE = "homework.ipynb"
COMMITTED_FOLDER = "student_template"
MAX_STUDENT_CHARACTERS = 100


def render(course: Course, student: str | None = None) -> dict[str, str]:
    """The files of the template by their names.

    Args:
        student: Whose copy it is: it gets grade.toml and the values that are drawn for this student.

    Raises:
        ExerciseError: Two exercises want the same file, or a given field has no heading in its starter.md.
        GraderError: The student's id is empty, too long or not one line of text.
    """
    files = {_readme(language): _readme_text(course, language) for language in LANGUAGES}
    files[SHEET_FILE] = _sheet_text(course, student)
    for exercise in course.exercises:
        code = exercise.text("starter.py")
        if exercise.file is None or code is None:
            continue
        if exercise.file in files:
            raise ExerciseError(
                msg("{exercise}: another exercise has the file {file} too", exercise=exercise.name, file=exercise.file)
            )
        files[exercise.file] = code
    if student is not None:
        files[STUDENT_FILE] = _student_text(student)
    files[NOTEBOOK_FILE] = _notebook_text(course, student)
    return files


def as_files(files: Mapping[str, str]) -> dict[str, str]:
    """The template without its notebook."""
    return {name: text for name, text in files.items() if name != NOTEBOOK_FILE}


def as_notebook(files: Mapping[str, str]) -> dict[str, str]:
    """The template with nothing to fill in but its notebook."""
    kept = {NOTEBOOK_FILE, STUDENT_FILE, *map(_readme, LANGUAGES)}
    return {name: text for name, text in files.items() if name in kept}


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the template's files into a folder; nothing that is there is overwritten.

    Raises:
        GraderError: Some of the files are there already, or the folder cannot be written.
    """
    try:
        there = [name for name in files if (folder / name).exists()]
        if there:
            raise GraderError(
                msg(
                    "{folder}: {files} already there, and nothing is overwritten; choose another folder",
                    folder=str(folder),
                    files=", ".join(there),
                )
            )
        for name, text in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
    except OSError as error:
        raise GraderError(
            msg("{folder}: cannot be written: {error}", folder=str(folder), error=error.strerror or str(error))
        ) from None


def _readme(language: str) -> str:
    return "README.md" if language == SOURCE_LANGUAGE else f"README.{language}.md"


def _readme_text(course: Course, language: str) -> str:
    say = _speaker(course, language)
    rows = [f"| `{exercise.name}` | {say(exercise.title)} | {say(_place(exercise))} |" for exercise in course.exercises]
    parts = [
        f"# {say(course.title)}",
        "[English](README.md) · [中文](README.zh.md)",
        say(
            msg(
                "Fill in the files of this folder and hand the whole folder in. Every exercise counts by itself: begin "
                "with any of them, and leave others for later."
            )
        ),
        "\n".join(
            [
                say(msg("- Answers by hand go into `answers.md`, below their headings; keep the headings.")),
                say(msg("- Functions and classes go into the Python files; keep their names and parameters.")),
                say(
                    msg(
                        "- `grade check .` says what is right already and records nothing: run it as often as you like."
                    )
                ),
                say(
                    msg("- `grade submit .` says the same and records the report; `grade show` lists what is recorded.")
                ),
            ]
        ),
        "\n".join(
            [say(msg("| exercise | what it is | where the answer goes |")), "|---|---|---|", *rows],
        ),
    ]
    prompts = (exercise.text(f"prompt.{language}.md") for exercise in course.exercises)
    parts += [f"---\n\n{prompt.strip()}" for prompt in prompts if prompt]
    return "\n\n".join(parts) + "\n"


def _place(exercise: Exercise) -> Message:
    if exercise.file and exercise.fields:
        return msg("`{file}` and `{sheet}`", file=exercise.file, sheet=SHEET_FILE)
    return verbatim(f"`{exercise.file or SHEET_FILE}`")


def _sheet_text(course: Course, student: str | None) -> str:
    parts = [_sheet_head(course)]
    parts += [text.strip() for exercise in course.exercises if (text := _starter(course, exercise, student))]
    return "\n\n".join(parts) + "\n"


def _sheet_head(course: Course) -> str:
    speakers = [_speaker(course, language) for language in LANGUAGES]
    head = msg(
        "Write each answer below its heading and keep the headings. Comments like this one are not read. An answer that "
        "cannot be read is never marked as wrong: the report shows the place, and you write it again."
    )
    title = " / ".join(dict.fromkeys(say(course.title) for say in speakers))
    return f"# {title}\n\n" + "<!--\n" + "\n\n".join(say(head) for say in speakers) + "\n-->"


def _starter(course: Course, exercise: Exercise, student: str | None) -> str | None:
    starter = exercise.text("starter.md")
    return None if starter is None else _filled(starter, exercise, personal_texts(course, exercise, student))


def _notebook_text(course: Course, student: str | None) -> str:
    parts = [
        blank.Part(
            names=" ".join([*exercise.aliases[:1], exercise.name]),
            prompts=tuple(filter(None, (exercise.text(f"prompt.{language}.md") for language in LANGUAGES))),
            sheet=_starter(course, exercise, student),
            code=exercise.text("starter.py"),
        )
        for exercise in course.exercises
    ]
    return blank.render(_sheet_head(course), parts, student)


def _speaker(course: Course, language: str) -> Callable[[Message], str]:
    translate = translator(language, course.folder)
    return lambda message: message.render(translate)


def _filled(starter: str, exercise: Exercise, texts: Mapping[str, str]) -> str:
    """The starter with these texts below the headings of their fields."""
    lines = starter.split("\n")
    sheet = read_sheet(starter)
    places: dict[int, str] = {}
    for field in exercise.fields:
        if field.key not in texts:
            continue
        rivals = [[other.key, *other.names] for other in exercise.fields if other is not field]
        section = sheet.find([exercise.name, *exercise.aliases], [field.key, *field.names], other_fields=rivals)
        if section is None or isinstance(section, Duplicate):
            raise ExerciseError(
                msg("{exercise}/starter.md: expected one heading for {field}", exercise=exercise.name, field=field.key)
            )
        end = min((heading.line for heading in sheet.headings if heading.line >= section.line), default=len(lines))
        places[end] = texts[field.key]
    for end in sorted(places, reverse=True):
        before = "\n".join(lines[:end]).rstrip().split("\n")
        lines = [*before, "", *places[end].strip("\n").split("\n"), "", *lines[end:]]
    return "\n".join(lines)


def _student_text(student: str) -> str:
    if not student.strip() or len(student) > MAX_STUDENT_CHARACTERS or not student.isprintable():
        raise GraderError(
            msg(
                "student: expected one line of 1 to {most} characters, got {got}",
                most=MAX_STUDENT_CHARACTERS,
                got=repr(student[: MAX_STUDENT_CHARACTERS + 1]),
            )
        )
    return f"student = {json.dumps(student, ensure_ascii=False)}\n"


def main(folder: Path) -> None:
    """Write the template of the installed course into a folder, over what is there; other files stay."""
    for name, text in render(load_course()).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else COMMITTED_FOLDER))
