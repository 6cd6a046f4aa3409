"""The rubric of an answer that a human grades: numbered lines, and the words that point to them.

    1. **Regions**: each one is warped and put through the CNN by itself.
       [warp | separately | 逐个]

A rubric lies beside the prompts of an exercise, in a file for each language with the
same numbers.  Its words only flag a line; whether the answer earns it, a human decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExerciseError
from grader.message import Message, msg

LANGUAGES = ("en", "zh")
MAX_CHARACTERS = 20_000  # of an answer that is searched

_LINE = re.compile(r"^([0-9]+)\. \*\*.+?\*\*(?:(?!^[0-9]+\. |^#)[\s\S])*", re.MULTILINE)
_WORDS = re.compile(r"\[([^\[\]]+)\]\s*\Z")


@dataclass(frozen=True, slots=True)
class Rubric:
    """The lines of a rubric: by their number, the words of all languages."""

    files: tuple[str, ...]
    lines: dict[int, tuple[str, ...]]

    @classmethod
    def of(cls, folder: Path) -> Rubric:
        """Read rubric.en.md and rubric.zh.md of an exercise.

        Raises:
            ExerciseError: A file is missing, has no lines or a line without words, or the numbers differ.
        """
        files = tuple(f"rubric.{language}.md" for language in LANGUAGES)
        read = [_lines(folder / file) for file in files]
        for file, lines in zip(files, read, strict=True):
            if lines.keys() != read[0].keys():
                raise ExerciseError(
                    msg(
                        "{exercise}/{file}: expected the lines {wanted} as in {other}, got {got}",
                        exercise=folder.name,
                        file=file,
                        other=files[0],
                        wanted=", ".join(map(str, read[0])),
                        got=", ".join(map(str, lines)),
                    )
                )
        merged = {number: tuple(dict.fromkeys(word for lines in read for word in lines[number])) for number in read[0]}
        return cls(tuple(f"{folder.name}/{file}" for file in files), merged)

    def flags(self, text: str) -> dict[int, tuple[str, ...]]:
        """The words of every line that occur in an answer, whatever their case and width."""
        answer = _folded(text[:MAX_CHARACTERS])
        return {number: tuple(word for word in words if _occurs(word, answer)) for number, words in self.lines.items()}

    def notes(self, text: str) -> tuple[Message, ...]:
        """What stands below an answer that is handed to a human: where the rubric lies, and which words were found."""
        found = self.flags(text)
        flagged = [f"{number} ({', '.join(words)})" for number, words in found.items() if words]
        silent = [str(number) for number, words in found.items() if not words]
        return (
            msg("The rubric, a point a line: {files}", files=", ".join(self.files)),
            msg("Words found, by line: {lines}.", lines=", ".join(flagged))
            if flagged
            else msg("No word of any line was found."),
            *([msg("No word found, by line: {lines}.", lines=", ".join(silent))] if flagged and silent else []),
            msg("Words only show where to look; they give and take no points."),
        )


def _lines(path: Path) -> dict[int, tuple[str, ...]]:
    where = f"{path.parent.name}/{path.name}"
    if not path.exists():
        raise ExerciseError(msg("{where}: there is no such file", where=where))
    lines = dict(_read(path.read_text(encoding="utf-8"), where))
    if not lines:
        raise ExerciseError(msg("{where}: expected lines such as `1. **Title**: text [word | word]`", where=where))
    return lines


def _read(text: str, where: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    for found in _LINE.finditer(text):
        words = _WORDS.search(found[0])
        if words is None:
            raise ExerciseError(
                msg("{where}: line {line}: expected words in brackets at its end", where=where, line=found[1])
            )
        yield int(found[1]), tuple(word.strip() for word in words[1].split("|") if word.strip())


def _occurs(word: str, answer: str) -> bool:
    wanted = _folded(word)
    before = r"(?<![a-z0-9])" if wanted[:1].isascii() else ""
    return re.search(before + re.escape(wanted), answer) is not None


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
