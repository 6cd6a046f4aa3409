"""What students have in common that they need not have: facts for the instructor, and no judgement.

    the same content          two students handed in the same bytes
    the same wrong answers    they fail the same checks with the same evidence, and no known mistake explains it
    the same code             much of two files is the same but for names, comments and layout (`overlap`)
    the same paragraph        a text is the same but for case, blanks and punctuation

What the template gave to everybody does not count, nor what half of the class has, nor what is too short to be
anybody's own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader import template
from grader.exercise import Course
from grader.gradebook.book import Gradebook
from grader.gradebook.overlap import overlaps, tokenize
from grader.intake import Submission
from grader.message import Message, msg
from grader.model import ExerciseReport, Label, Verdict
from grader.receipt import digest
from grader.untrusted import clean

# Of the accepted solutions of our exercises, written independently of each other, no two share more than 0.41 of the
# smaller one or 84 tokens in a row.
MIN_SHARE = 0.6
MIN_TOKENS = 60  # about six lines: a textbook's loop is nobody's own
LONG_RUN = 150
MIN_COMMON = 6  # in a class of fewer than twelve, what so many have is still common
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
    """What the texts show, by student: much the same code, the same paragraphs; the most alike come first."""
    given = _given(course)
    return (*_in_code(submissions, given), *_in_prose(submissions, given))


def _in_code(submissions: Mapping[str, Submission], given: Mapping[str, str]) -> Iterator[Likeness]:
    programs = {
        (student, path): tokenize(text)
        for student, submission in submissions.items()
        for path, text in _programs(submission)
    }
    template = {gram for name, text in given.items() if name.endswith(".py") for gram in tokenize(text).grams}
    common = max(MIN_COMMON, len(submissions) // 2 + 1)
    found = [
        overlap
        for overlap in overlaps(programs, template, common)
        if (overlap.share >= MIN_SHARE and min(overlap.shared) >= MIN_TOKENS) or overlap.longest >= LONG_RUN
    ]
    for overlap in sorted(found, key=lambda overlap: (-overlap.share, overlap.owned)):
        (one, path), (other, other_path) = overlap.owned
        yield Likeness(
            msg(
                "{percent} % of the code is the same but for names, comments and layout; the longest part is {first} and "
                "{second}",
                percent=int(100 * overlap.share),
                first=_place(submissions[one], path, overlap.lines[0]),
                second=_place(submissions[other], other_path, overlap.lines[1]),
            ),
            (one, other),
        )


def _programs(submission: Submission) -> Iterator[tuple[str, str]]:
    """Python files, and the programs of notebooks."""
    for path, content in submission.files.items():
        if path.endswith(".py"):
            yield path, content.decode("utf-8", "replace")
    for path, notebook in submission.notebooks.items():
        yield path, notebook.code.text


def _place(submission: Submission, path: str, lines: tuple[int, int]) -> Message:
    """Lines of a file, or of a cell as far as they stand in the one in which they begin."""
    file: Message | str = clean(path, EXCERPT)
    if path in submission.notebooks:
        notebook = submission.notebooks[path]
        (file, first), (end, last) = map(notebook.where, lines)
        if end != file:
            return msg("{file} and following", file=file)
        lines = first, last
    return msg("{file}, lines {first} to {last}", file=file, first=lines[0], last=lines[1])


def _in_prose(submissions: Mapping[str, Submission], given: Mapping[str, str]) -> Iterator[Likeness]:
    template = {letters for text in given.values() for letters, _ in _paragraphs(text)}
    paragraphs: dict[str, set[str]] = {}
    shown: dict[str, str] = {}
    for student, submission in submissions.items():
        for text in _prose(submission):
            for letters, paragraph in _paragraphs(text):
                if letters not in template:
                    paragraphs.setdefault(letters, set()).add(student)
                    shown.setdefault(letters, clean(paragraph, EXCERPT))
    for letters, students in paragraphs.items():
        if len(students) > 1:
            yield _of(msg("the same paragraph: {excerpt}", excerpt=shown[letters]), students)


def _prose(submission: Submission) -> Iterator[str]:
    """Markdown files, and the text cells of notebooks."""
    for name, content in submission.files.items():
        if name.lower().endswith((".md", ".markdown")):
            yield content.decode("utf-8", "replace")
    for notebook in submission.notebooks.values():
        yield notebook.prose.text


def _of(what: Message, students: Iterable[str]) -> Likeness:
    return Likeness(what, tuple(sorted(students)))


def _given(course: Course) -> dict[str, str]:
    """What the template and the prompts gave to everybody."""
    prompts = [path for exercise in course.exercises for path in sorted(exercise.folder.glob("*.md"))]
    return template.render(course) | {str(path): path.read_text(encoding="utf-8") for path in prompts}


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """The paragraphs that are long enough: their letters and digits, and themselves."""
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        folded = unicodedata.normalize("NFKC", paragraph).casefold()
        letters = "".join(character for character in folded if character.isalnum())
        if len(letters) >= MIN_LETTERS and sum(map(str.isalpha, letters)) * 2 > len(letters):
            yield letters, paragraph
