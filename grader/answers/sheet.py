"""An answer sheet: a Markdown file with a heading for every field and under it the answer.

    # HW1 conv_by_hand

    ## full
    <!-- a 7 x 7 matrix -->
    1 4 10 16
    ...

Students add headings, number them, translate them and forget to close fences.  What
can be read in one way is read; two answers to one question are reported, not chosen from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.answers.encoding import MAX_BYTES
from grader.answers.heading import rank
from grader.message import Message, msg

if TYPE_CHECKING:
    from grader.notebook.pages import Pages

Keys = Sequence[str]

_PLACEHOLDER = re.compile(
    r"(?:[^=]{1,20}=)?[\s.…_?？~>*-]*(?:(?:todo|tbd|fixme|your answer(?: here)?|write here|answer here|"
    r"待填写?|待完成|待补充|待办|在此填写|在此作答|(?:在这里)?写?你?的?答案)[\s.…_:：]*)?",
    re.IGNORECASE,
)
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})[^`]*$|^\s*\$\$\s*$")
_FENCE_MARK = re.compile(r" {0,3}(`{3,}|~{3,})(?=[^`]*$)")
_HASHED = re.compile(r" {0,3}([#＃]{1,6})[ \u3000]?([^#＃\s].*)$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})\s*$")


def is_placeholder(line: str) -> bool:
    """Whether a line holds nothing, or only what a template leaves to be replaced."""
    bare = line.strip("()[]<>{}（）【】《》`$ \t")
    return len(bare) < 40 and _PLACEHOLDER.fullmatch(bare) is not None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text under it; `line` and `body_line` count from 1 in the file."""

    level: int
    title: str
    line: int
    body: str
    body_line: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing was filled in: no text, or only what a template leaves there (`...`, `___`, TODO, 待填)."""
        return all(_FENCE.match(line) or is_placeholder(line) for line in self.body.splitlines())


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Several filled sections for one field: which one is meant is the student's to say."""

    sections: tuple[Section, ...]

    @property
    def message(self) -> Message:
        """The sentence for the report."""
        lines = ", ".join(str(section.line) for section in self.sections)
        return msg("this field is answered more than once, on lines {lines}; keep one answer", lines=lines)


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    title: str
    line: int  # from 0
    end: int  # first line after it
    is_certain: bool  # `# title`; an underlined or a `#title` line counts only when it names a field


@dataclass(frozen=True, slots=True)
class Sheet:
    r"""The headings and lines of a sheet; `find` picks the section of a field.

    Example:
        >>> sheet = read_sheet("# HW1\n## 1. Full (7x7):\n1 2\n3 4\n## same\nTODO\n")
        >>> sheet.find(["HW1"], ["full"]).body
        '1 2\n3 4'
        >>> sheet.find(["HW1"], ["same"]).is_empty
        True
    """

    lines: tuple[str, ...]
    headings: tuple[_Heading, ...]
    remarks: tuple[Message, ...] = ()
    pages: Pages | None = None  # the cells of the notebook that the sheet was made of

    @property
    def sections(self) -> tuple[Section, ...]:
        """Every heading with the text up to the next one."""
        certain = [heading for heading in self.headings if heading.is_certain]
        stops = [heading.line for heading in certain[1:]] + [len(self.lines)]
        return tuple(_cut(heading, self.lines, stop) for heading, stop in zip(certain, stops, strict=False))

    def find(
        self,
        exercise_keys: Keys,
        field_keys: Keys,
        *,
        other_fields: Sequence[Keys] = (),
        other_exercises: Sequence[Keys] = (),
    ) -> Section | Duplicate | None:
        """The section of a field, by its key or an alias in the heading.

        Only what stands below a heading of the exercise is searched, when there is one.
        Subheadings inside an answer belong to it, unless they name one of `other_fields`.

        Args:
            exercise_keys: Names of the exercise, as `["conv_by_hand", "HW1"]`.
            field_keys: Names of the field, as `["full", "完整"]`; without any, the text
                right below the exercise's heading is the answer.
            other_fields: The names of the exercise's other fields; a heading that names
                one of them better is theirs.
            other_exercises: The names of the other exercises; their headings end this one.
        """
        openings = self._named(range(len(self.headings)), exercise_keys, other_exercises)
        if not field_keys:
            return self._choose(openings, exercise_keys, [*other_fields, *other_exercises, exercise_keys])
        rivals = [*other_fields, *other_exercises, exercise_keys]
        for inside in self._searches(openings, exercise_keys, other_exercises):
            if found := self._choose(self._named(inside, field_keys, other_fields), field_keys, rivals):
                return found
        return None

    def _searches(self, openings: list[int], keys: Keys, others: Sequence[Keys]) -> list[list[int]]:
        """Where to look for a field, the likeliest first: ranges of headings."""
        if not openings:
            foreign = (i for i in range(len(self.headings)) if self._is_foreign(i, keys, others))
            return [list(range(next(foreign, len(self.headings))))]
        below = {index for start in openings for index in self._below(start, keys, others, by_level=True)}
        after = {index for start in openings for index in self._below(start, keys, others, by_level=False)}
        # "## HW1 full" names exercise and field in one line; fields on the level of their exercise come last.
        return [sorted(below), openings, sorted(after) if others else []]

    def _below(self, start: int, keys: Keys, others: Sequence[Keys], *, by_level: bool) -> list[int]:
        inside = []
        highest = max(self.headings[start].level, 2)
        for index in range(start + 1, len(self.headings)):
            heading = self.headings[index]
            if self._is_foreign(index, keys, others):
                break
            if by_level and heading.is_certain and heading.level < highest and not rank(heading.title, keys)[0]:
                break
            inside.append(index)
        return inside

    def _is_foreign(self, index: int, keys: Keys, others: Sequence[Keys]) -> bool:
        own = rank(self.headings[index].title, keys)
        return any(rank(self.headings[index].title, other) > own for other in others)

    def _named(self, indices: Iterable[int], keys: Keys, rivals: Sequence[Keys]) -> list[int]:
        """The headings that these keys name better than any rival's keys, and best among themselves."""
        ranks = {}
        for index in indices:
            own = rank(self.headings[index].title, keys)
            if own[0] and not any(rank(self.headings[index].title, rival) > own for rival in rivals):
                ranks[index] = own[0]
        return [index for index, found in ranks.items() if found == max(ranks.values())]

    def _choose(self, indices: list[int], keys: Keys, rivals: Sequence[Keys]) -> Section | Duplicate | None:
        sections: list[Section] = []
        covered = -1
        for index in indices:
            if self.headings[index].line < covered:
                continue  # a subheading inside an answer that repeats the field's name
            end = self._end(index, keys, rivals)
            sections.append(_cut(self.headings[index], self.lines, end))
            covered = end
        filled = [section for section in sections if not section.is_empty]
        if len(filled) > 1:
            return Duplicate(tuple(filled))
        return next(iter(filled or sections), None)

    def _end(self, index: int, keys: Keys, rivals: Sequence[Keys]) -> int:
        """The line where the answer under a heading ends: before the next heading that is not part of it."""
        for heading in self.headings[index + 1 :]:
            own = rank(heading.title, keys)
            is_rival = any(rank(heading.title, rival) > own for rival in rivals)
            if is_rival or (heading.is_certain and heading.level <= self.headings[index].level):
                return heading.line
        return len(self.lines)


def read_sheet(text: str) -> Sheet:
    """Split a Markdown text into its sections; HTML comments are not part of any answer.

    A `#` inside a fence or a comment is no heading.  Text beyond 1 MiB is not read.
    """
    from markdown_it import MarkdownIt

    lines = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text[:MAX_BYTES]).split("\n")
    lines, remarks = _without_comments(lines)
    # A row of numbers above a line of dashes would be a heading, and `<your answer>` would begin a block of HTML;
    # so underlined headings are our own business, and HTML is text.
    markdown = MarkdownIt("commonmark").disable(["lheading", "html_block", "inline", "text_join"])
    tokens = markdown.parse("\n".join(lines))
    headings: list[_Heading] = []
    for index, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        first, last = token.map
        if token.type == "heading_open":
            headings.append(_Heading(int(token.tag[1]), tokens[index + 1].content, first, last, is_certain=True))
        elif token.type == "paragraph_open":
            headings += _loose_headings(lines, first, last)
    return Sheet(tuple(lines), tuple(headings), remarks)


def _loose_headings(lines: Sequence[str], first: int, last: int) -> list[_Heading]:
    """Lines of a paragraph that would be headings with a blank after the `#`, or are underlined."""
    headings = []
    for number in range(first, last):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if hashed := _HASHED.match(lines[number]):
            headings.append(_Heading(len(hashed[1]), hashed[2], number, number + 1, is_certain=False))
        elif _UNDERLINE.match(following) and not _UNDERLINE.match(lines[number]):
            level = 1 if "=" in following else 2
            headings.append(_Heading(level, lines[number], number, number + 2, is_certain=False))
    return headings


def _cut(heading: _Heading, lines: Sequence[str], end: int) -> Section:
    start = heading.end
    while start < end and not lines[start].strip():
        start += 1
    body = "\n".join(lines[start:end]).rstrip()
    return Section(heading.level, heading.title, heading.line + 1, body, (start if body else heading.end) + 1)


def _without_comments(lines: Sequence[str]) -> tuple[list[str], tuple[Message, ...]]:
    """Blank out comments outside of fences, keeping lines and columns so that places in an answer stay true.

    A comment that is never closed is text: it would swallow the rest of the sheet.
    """
    last_close = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    cleaned: list[str] = []
    fence, opened, is_comment = "", 0, False
    for number, line in enumerate(lines):
        mark = _FENCE_MARK.match(line)
        if not is_comment and mark and (not fence or (mark[1].startswith(fence) and not line[mark.end() :].strip())):
            fence, opened = ("" if fence else mark[1]), number + 1
        if fence or (mark and not is_comment):
            cleaned.append(line)
            continue
        kept: list[str] = []
        position = 0
        while position < len(line):
            found = line.find("-->" if is_comment else "<!--", position)
            if found >= 0 and not is_comment and line.find("-->", found) < 0 and last_close <= number:
                found = -1
            stop = len(line) if found < 0 else found + (3 if is_comment else 0)
            kept.append(" " * (stop - position) if is_comment else line[position:stop])
            position = stop
            is_comment = is_comment != (found >= 0)
        text = "".join(kept)
        cleaned.append(text.rstrip() if text != line else line)
    if fence:
        return cleaned, (msg("the code fence that opens on line {line} is never closed; close it", line=opened),)
    return cleaned, ()
