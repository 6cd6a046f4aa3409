"""Read a folder, a zip or a single file into a `Submission`: bounded, without trusting a single name."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

from grader.errors import EmptySubmissionError, SubmissionError
from grader.intake.archive import read_zip
from grader.intake.collection import Collection, is_text
from grader.intake.folder import read_file, read_folder
from grader.intake.submission import Submission
from grader.message import Message, msg

OFFICE_SUFFIXES = (".docx", ".xlsx", ".pptx")  # zips inside, but no submissions


def read_submission(path: Path) -> Submission:
    """Read what a student hands in.

    Args:
        path: A folder, a zip, or a single .ipynb, .py or .md file.

    Raises:
        SubmissionError: Nothing there can be read.
        EmptySubmissionError: There is nothing that could be graded.
    """
    collection = Collection()
    try:
        _read(path, collection)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SubmissionError(msg("{path}: it cannot be read: {error}", path=str(path), error=reason)) from None
    if not collection.files and collection.unreadable:
        raise _all_unreadable(path, *next(iter(collection.unreadable.items())))
    if not collection.files:
        raise EmptySubmissionError(
            msg(
                "{path}: it is empty; expected answers.md and the Python files of the template (grade init)",
                path=str(path),
            )
        )
    submission = Submission(_without_wrapper(collection.files), collection.remarks, collection.unreadable)
    problem = submission.student_problem
    return replace(submission, remarks=(*submission.remarks, problem)) if problem else submission


def _all_unreadable(path: Path, file: str, reason: Message) -> SubmissionError:
    if path.is_dir() or zipfile.is_zipfile(path):
        return SubmissionError(
            msg("{path}: no file in it can be read; {file}: {reason}", path=str(path), file=file, reason=reason)
        )
    return SubmissionError(msg("{path}: {reason}", path=str(path), reason=reason))


def _read(path: Path, collection: Collection) -> None:
    if not os.path.lexists(path):
        raise SubmissionError(
            msg("{path}: there is no such file or folder; give the folder of your solution", path=str(path))
        )
    suffix = path.suffix.lower()
    if path.is_dir():
        read_folder(path, collection)
        return
    if not path.is_file():
        raise _wrong_kind(path, msg("a link to nothing, a pipe or a device"))
    path.open("rb").close()  # whoever may not read it learns that here
    if is_text(path.name):
        read_file(path.resolve(), path.name, collection)
    elif suffix not in OFFICE_SUFFIXES and zipfile.is_zipfile(path):
        read_zip(path, collection)
    elif suffix == ".zip":
        raise SubmissionError(
            msg("{path}: it is called a zip and is none, or its end is missing; pack it again", path=str(path))
        )
    else:
        raise _wrong_kind(path, msg("another kind of file"))


def _wrong_kind(path: Path, found: Message) -> SubmissionError:
    return SubmissionError(
        msg(
            "{path}: expected a folder, a zip, a notebook, a .py or a .md file, found {found}",
            path=str(path),
            found=found,
        )
    )


def _without_wrapper(files: dict[str, bytes]) -> dict[str, bytes]:
    """Drop folders that wrap everything, as zips of a folder have."""
    while files and all("/" in path for path in files):
        tops = {path.split("/", 1)[0] for path in files}
        if len(tops) != 1:
            break
        files = {path.split("/", 1)[1]: content for path, content in files.items()}
    return files
