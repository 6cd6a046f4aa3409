"""How download zips name what they hold: Canvas, Moodle, Gradescope, GitHub Classroom, nbgrader.

    Canvas       wangxiaoming_12345_67890_conv2d.py, wangxiaoming_LATE_12345_67890_conv2d-1.py,
                 anon_x7Ab2_67890_conv2d.py, wangxiaoming_12345_text.html (typed into the browser)
    Moodle       Wang Xiaoming_12345_assignsubmission_file_/conv2d.py, or the same in one name without a folder
    Gradescope   assignment_987_export/submission_123/conv2d.py beside submission_metadata.yml
    Classroom    homework-1-submissions/homework-1-octocat/, the clones of `gh classroom clone student-repos`
    nbgrader     submitted/2024001/homework1/ with a timestamp.txt

Canvas lets a name keep only letters, digits and underscores, in lower case; its first number is the user, its second
the file.  Moodle's number is drawn anew for each assignment.

Source:
    Canvas: lib/content_zipper.rb of instructure/canvas-lms.  Moodle: mod/assign of moodle/moodle.
    nbgrader: "Grading assignments" and the exchange's API in its documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import yaml

METADATA_FILE = "submission_metadata.yml"
TIMESTAMP_FILE = "timestamp.txt"
SUBMITTED = "submitted"
CLONES = "-submissions"

CANVAS = re.compile(
    r"(?P<name>\w*?)(?P<late>_late)?_(?P<user>\d+)_(?P<file>\d+_.+|text\.html|link\.html)", re.IGNORECASE
)
CANVAS_ANONYMOUS = re.compile(
    r"anon(?P<late>_late)?_(?P<user>[0-9A-Za-z]{5})_(?P<file>\d+_.+|text\.html|link\.html)", re.IGNORECASE
)
MOODLE = re.compile(r"(?P<name>.*)_(?P<number>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL)
_TEXTS = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # leaves every value a text
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?\s*(.*)")


@dataclass(frozen=True, slots=True)
class Clue:
    """What a name tells about a person; what it does not tell is empty.

    Attributes:
        id: A student's id.
        canvas: A user's id in Canvas, which is not the student's.
        email: An address.
        name: A full name; of Canvas without blanks.
        login: A name of GitHub.
        text: The name of a file or folder that nobody prescribed.
        number: A number that tells people apart and names nobody.
    """

    id: str = ""
    canvas: str = ""
    email: str = ""
    name: str = ""
    login: str = ""
    text: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """What the name of a file says: whose it is, how it was called, whether it came late."""

    clue: Clue
    file: str
    is_late: bool = False
    is_typed: bool = False  # text typed into the browser, no file


def canvas(name: str) -> Named | None:
    """Read a name that Canvas gave.

    Example:
        >>> named = canvas("wangxiaoming_LATE_12345_67890_conv2d.py")
        >>> named.clue.name, named.clue.canvas, named.file, named.is_late
        ('wangxiaoming', '12345', 'conv2d.py', True)
    """
    for pattern in (CANVAS_ANONYMOUS, CANVAS):
        found = pattern.fullmatch(name)
        if found is not None:
            is_typed = not found["file"][0].isdigit()
            file = found["file"] if is_typed else found["file"].split("_", 1)[1]
            is_anonymous = pattern is CANVAS_ANONYMOUS
            clue = Clue(number=found["user"]) if is_anonymous else Clue(name=found["name"], canvas=found["user"])
            return Named(clue, file, bool(found["late"]), is_typed)
    return None


def moodle(name: str) -> Named | None:
    """Read a name that Moodle gave.

    Example:
        >>> named = moodle("王小明_12345_assignsubmission_file_conv2d.py")
        >>> named.clue.name, named.clue.number, named.file
        ('王小明', '12345', 'conv2d.py')
    """
    found = MOODLE.fullmatch(name)
    if found is None:
        return None
    return Named(
        Clue(name=found["name"], number=found["number"]), found["file"] or "", is_typed=found["plugin"] != "file"
    )


def classroom_prefix(folder: str, names: Sequence[str]) -> str | None:
    """What the names of all clones begin with: the assignment and a hyphen; None where that is not so.

    Example:
        >>> classroom_prefix("homework-1-submissions", ["homework-1-octocat", "homework-1-wang-xm"])
        'homework-1-'
    """
    if not folder.endswith(CLONES) or not names:
        return None
    prefix = folder.removesuffix("submissions")
    return prefix if all(name.startswith(prefix) and name != prefix for name in names) else None


def gradescope(text: bytes) -> Mapping[str, tuple[tuple[Clue, ...], datetime | None]]:
    """Read submission_metadata.yml: by folder, who handed in and when; a group has several.

    Raises:
        ValueError: It is not the YAML that Gradescope writes.
    """
    try:
        data = yaml.load(text, Loader=_TEXTS)  # 0111 is an id there, not the number 73
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    if not isinstance(data, dict):
        raise ValueError(f"expected one entry a submission, found {type(data).__name__}")
    found = {}
    for folder, entry in data.items():
        people = entry.get(":submitters") if isinstance(entry, dict) else None
        if not isinstance(people, list):
            raise ValueError(f"{folder} names no :submitters")
        clues = tuple(
            Clue(id=_word(person, ":sid"), email=_word(person, ":email"), name=_word(person, ":name"))
            for person in people
            if isinstance(person, dict)
        )
        found[folder] = (clues, moment(str(entry.get(":created_at", ""))))
    return found


def moment(text: str) -> datetime | None:
    """The time that a timestamp.txt or a metadata file states, None where it states none.

    Example:
        >>> moment("2015-02-02 15:58:23.948203 America/Los_Angeles").isoformat()
        '2015-02-02T15:58:23.948203-08:00'
        >>> moment("2026-04-26 17:34:00.861687000 Z").isoformat()
        '2026-04-26T17:34:00.861687+00:00'
    """
    found = _STAMP.fullmatch(text.strip())
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{time}{(fraction or '.0')[:7].ljust(7, '0')}")
        return local.replace(tzinfo=_zone(zone))
    except (KeyError, ValueError, OSError):  # no such time, no such zone
        return None


def _zone(name: str) -> timezone | ZoneInfo:
    if name in ("", "UTC", "Z"):
        return UTC
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if offset is not None:
        size = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(size if offset[1] == "+" else -size)
    return ZoneInfo(name)


def _word(person: Mapping[str, Any], key: str) -> str:
    value = person.get(key)
    return value.strip() if isinstance(value, str) else ""
