"""What students have in common that they need not have: facts for the instructor, and no judgement.

    the same content          two students handed in the same bytes
    the same wrong answers    they fail the same checks with the same evidence, and no known mistake explains it
    the same code             a function or class is the same but for blanks and comments, or but for names too
    the same paragraph        a text is the same but for case, blanks and punctuation

What the template gave to everybody does not count, nor what is too short to be anybody's own.
"""

from __future__ import annotations

import ast
import copy
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader import template
from grader.exercise import Course
from grader.gradebook.book import Gradebook
from grader.intake import Submission
from grader.message import Message, msg
from grader.model import ExerciseReport, Label, Verdict
from grader.receipt import digest
from grader.sandbox.source import parse
from grader.untrusted import clean

MIN_NODES = 60  # of a function's syntax tree: a textbook's two lines are nobody's own
MIN_LETTERS = 40  # of a paragraph
EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Likeness:
    """Students who share something, and what it is."""

    what: Message
    students: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The likeness as JSON data."""
        return {"students": list(self.students), "what": self.what.to_json()}


def in_results(book: Gradebook) -> tuple[Likeness, ...]:
    """What the gradebook itself shows: the same content, the same wrong answers."""
    contents: dict[Hashable, set[str]] = {}
    answers: dict[Hashable, set[str]] = {}
    for row in book.table():
        report = book.report(row.person.id)
        if report is None:
            continue
        contents.setdefault(report.submission, set()).add(row.person.id)
        for part in report.exercises:
            wrong = _wrong(part)
            if wrong is not None:
                answers.setdefault((part.exercise, *wrong), set()).add(row.person.id)
    copies = [_of(msg("the same content"), students) for students in contents.values() if len(students) > 1]
    same = {likeness.students for likeness in copies}
    alike = [
        _of(msg("{exercise}: the same wrong answers to {checks}", exercise=str(key[0]), checks=str(key[1])), students)
        for key, students in answers.items()
        if isinstance(key, tuple) and len(students) > 1
    ]
    return (*copies, *(likeness for likeness in alike if likeness.students not in same))


def _wrong(part: ExerciseReport) -> tuple[str, str] | None:
    """The checks that an answer failed, and a digest of what it was; None where a known mistake explains it."""
    failed = [
        outcome
        for outcome in part.outcomes
        if outcome.verdict is Verdict.FAIL and any(line.label is Label.GOT for line in outcome.evidence)
    ]
    if not failed or part.diagnosis is not None:
        return None
    return ", ".join(outcome.check for outcome in failed), digest([outcome.to_json() for outcome in failed])


def in_texts(submissions: Mapping[str, Submission], course: Course) -> tuple[Likeness, ...]:
    """What the texts show, by student: the same code, the same paragraphs."""
    exact: dict[Hashable, set[str]] = {}
    renamed: dict[Hashable, set[str]] = {}
    paragraphs: dict[Hashable, set[str]] = {}
    shown: dict[Hashable, str] = {}
    given_code, given_text = _given(course)
    for student, submission in submissions.items():
        for source in submission.sources.values():
            for definition in _definitions(source.body):
                plain, nameless = _digests(definition)
                if nameless not in given_code:
                    exact.setdefault((definition.name, plain), set()).add(student)
                    renamed.setdefault(nameless, set()).add(student)
                    shown.setdefault(nameless, definition.name)
        for name, content in submission.files.items():
            if name.lower().endswith((".md", ".markdown")):
                for letters, paragraph in _paragraphs(content.decode("utf-8", "replace")):
                    if letters not in given_text:
                        paragraphs.setdefault(letters, set()).add(student)
                        shown.setdefault(letters, clean(paragraph, EXCERPT))
    found = [
        _of(msg("{name}: the same code but for blanks and comments", name=str(key[0])), students)
        for key, students in exact.items()
        if isinstance(key, tuple) and len(students) > 1
    ]
    same = {likeness.students for likeness in found}
    found += [
        _of(msg("{name}: the same code but for names, blanks and comments", name=shown[key]), students)
        for key, students in renamed.items()
        if len(students) > 1 and tuple(sorted(students)) not in same
    ]
    found += [
        _of(msg("the same paragraph: {excerpt}", excerpt=shown[key]), students)
        for key, students in paragraphs.items()
        if len(students) > 1
    ]
    return tuple(found)


def _of(what: Message, students: Iterable[str]) -> Likeness:
    return Likeness(what, tuple(sorted(students)))


def _given(course: Course) -> tuple[set[str], set[str]]:
    """What the template and the prompts gave to everybody: code by its digest, paragraphs by their letters."""
    texts = template.render(course)
    code = {
        _digests(definition)[1]
        for name, text in texts.items()
        if name.endswith(".py")
        for definition in _definitions(parse(text, name).body)
    }
    prompts = [path for exercise in course.exercises for path in sorted(exercise.folder.glob("*.md"))]
    given = [*texts.values(), *(path.read_text(encoding="utf-8") for path in prompts)]
    return code, {letters for text in given for letters, _ in _paragraphs(text)}


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _definitions(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    for statement in body:
        if isinstance(statement, Definition) and sum(1 for _ in ast.walk(statement)) >= MIN_NODES:
            yield statement


def _digests(definition: Definition) -> tuple[str, str]:
    """A digest of the code without docstrings, and one in which every name is its number in order of appearance."""
    tree = copy.deepcopy(definition)
    for node in ast.walk(tree):
        if isinstance(node, Definition) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    plain = digest(ast.dump(tree))
    numbers: dict[str, str] = {}
    for node in ast.walk(tree):
        for attribute in ("id", "arg", "name"):
            name = getattr(node, attribute, None)
            if isinstance(name, str):
                setattr(node, attribute, numbers.setdefault(name, f"n{len(numbers)}"))
    return plain, digest(ast.dump(tree))


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """The paragraphs that are long enough: their letters and digits, and themselves."""
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        folded = unicodedata.normalize("NFKC", paragraph).casefold()
        letters = "".join(character for character in folded if character.isalnum())
        if len(letters) >= MIN_LETTERS and sum(map(str.isalpha, letters)) * 2 > len(letters):
            yield letters, paragraph
