"""What a short statement says, in English or Chinese: which of several things it names, or that it denies them.

    no fc layers    没有全连接层    fc6 and fc7 are removed    不再使用 fc6、fc7    convolution, not deconvolution

A denial is read here, other than in a choice between names: what has been taken
out is an answer in a comparison.  Two negations cancel ("not removed").  What
says two things at once says nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from grader.answers.denial import (
    ASTRAY,
    BACKWARD,
    BOUNDARY,
    DOUBT,
    FILLER,
    FORWARD,
    LIST_WORD,
    MARKS,
    NEGATION,
    NO_MARK,
    PASSIVE,
    PERFECT,
    TURN,
    YES,
)
from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.message import Message, joined, msg

MAX_STATEMENT = 2000

_REACH = 40  # characters between a negation and the thing that it denies
_GROUP_REACH = 14  # characters between two negations that belong together: "has not been removed"
_UNCLEAR = msg("it is not clear what is denied here; write only what is true")


@dataclass(frozen=True, slots=True)
class StatementSpec:
    """What can be said.

    `denied[key]` is what a denial of `key` says; a denial of a key without it says
    nothing.  Where several keys are said, those with the lowest `weak` number count (0
    where there is none).  A denied verb (`verbs`) denies what stands before it, too: "maps
    are not copied".  `yes` and `no` are what a bare yes or no says, where the
    question takes one; each is what a denial of the other says.  In prose nothing is bare.
    A `strict` key is only read where nothing else is said: "skips fc6" does not say that
    fc6 is there, and no list of verbs is ever complete.
    """

    choices: Mapping[str, tuple[str, ...]]
    denied: Mapping[str, str] = field(default_factory=dict)
    weak: Mapping[str, int] = field(default_factory=dict)
    verbs: frozenset[str] = frozenset()
    strict: frozenset[str] = frozenset()
    yes: str = ""
    no: str = ""
    is_prose: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> StatementSpec:
        """Read the options of a field."""
        choices = {key: tuple(names) for key, names in options["choices"].items()}
        return cls(
            choices,
            denied=options.get("denied", {}),
            weak=options.get("weak", {}),
            verbs=frozenset(options.get("verbs", ())),
            strict=frozenset(options.get("strict", ())),
            yes=options.get("yes", ""),
            no=options.get("no", ""),
            is_prose=options.get("is_prose", False),
        )

    def opposite(self, key: str) -> str:
        """What a denial of `key` says; empty where it says nothing."""
        opposites = {self.yes: self.no, self.no: self.yes} if self.yes and self.no else {}
        return self.denied.get(key) or opposites.get(key, "")

    def name(self, key: str) -> Message:
        """What the report calls an answer; a course's catalogue translates it."""
        return Message(key.replace("_", " "))


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    key: str = ""  # of a mention; empty for a negation


@dataclass(slots=True)
class _Phrase:
    """What stands between two commas or brackets, blank where something stands in brackets inside of it.

    `depth` counts the brackets around it; `said` has the length of the whole
    statement, so that places are the same in both.  A label is the name of something
    before a colon: "fc6: removed" says what follows.
    """

    start: int
    end: int
    depth: int
    said: str
    mentions: list[_Span]
    negations: list[_Span]
    is_label: bool = False


def parse_statement(text: str, spec: StatementSpec) -> Parsed[str] | Unreadable:
    """Read what a statement says as one of the spec's keys.

    Example:
        >>> spec = StatementSpec({"kept": ("fc6", "fc7", "7x7 conv"), "removed": ()}, yes="kept", no="removed")
        >>> [parse_statement(text, spec).value for text in ("7x7 conv fc6", "no fc6, fc7", "fc6 没有去掉", "去掉了")]
        ['kept', 'removed', 'kept', 'removed']
        >>> str(parse_statement("fc6 kept, fc7 removed", spec).message)
        'this says both kept and removed; say one'
    """
    accepted = msg("a few words that say one of: {choices}", choices=joined(map(spec.name, spec.choices)))
    return read_with(lambda source: _parse_statement(source, spec), text, accepted)


def _parse_statement(source: Source, spec: StatementSpec) -> Parsed[str]:
    text = _folded(source.text[:MAX_STATEMENT])
    if found := DOUBT.search(text):
        raise RefusedError(found.start(), msg("this is not certain; write what you mean, or leave it empty"))
    mentions = _mentions(text, spec)
    phrases = _phrases(text, mentions, _negations(text, mentions))
    said = [(phrase, vote) for phrase in phrases for vote in _votes(phrase, spec) if vote.key]
    votes = [(phrase.depth, vote) for phrase, vote in said if not phrase.is_label] or [(0, vote) for _, vote in said]
    chosen = [vote for depth, vote in votes if depth == 0] or [vote for _, vote in votes]
    lowest = min((spec.weak.get(vote.key, 0) for vote in chosen), default=0)
    strong = [vote for vote in chosen if spec.weak.get(vote.key, 0) == lowest]
    keys = list(dict.fromkeys(vote.key for vote in strong))
    if len(keys) == 1:
        if keys[0] in spec.strict and not spec.is_prose and (stray := _stray(phrases)):
            message = msg("`{word}` makes this unclear; say it in fewer words", word=stray[0])
            raise RefusedError(stray.start(), message)
        name = spec.name(keys[0])
        return Parsed(keys[0], str(name), said=name)
    if keys:
        second = next(vote for vote in strong if vote.key == keys[1])
        names = {"first": spec.name(keys[0]), "second": spec.name(keys[1])}
        raise RefusedError(second.start, msg("this says both {first} and {second}; say one", **names))
    if mentions:
        where = mentions[0]
        raise RefusedError(where.start, msg("this only says what it is not; say what it is"))
    raise _nothing_said(text, spec)


def _stray(phrases: list[_Phrase]) -> re.Match[str] | None:
    """The first word outside of brackets that is neither a thing nor a denial, nor a word that says nothing."""
    for phrase in phrases:
        said = list(phrase.said)
        for span in (*phrase.mentions, *phrase.negations):
            said[span.start : span.end] = " " * (span.end - span.start)
        rest = "".join(said)
        for pattern in (YES, NO_MARK, FILLER, LIST_WORD):
            rest = pattern.sub(lambda found: " " * len(found[0]), rest)
        if phrase.depth == 0 and (found := re.search(r"[^\W\d_]{2,}|[\u3400-\u9fff]", rest)):
            return found
    return None


def _nothing_said(text: str, spec: StatementSpec) -> RefusedError:
    known = {_folded(alias): alias for aliases in spec.choices.values() for alias in aliases}
    for word in re.findall(r"[a-z]{4,40}", text)[:50]:
        if close := difflib.get_close_matches(word, known, n=1, cutoff=0.75):
            return RefusedError(text.find(word), msg("did you mean {name}?", name=known[close[0]]))
    return RefusedError(0, msg("this says none of what is asked"))


def _votes(phrase: _Phrase, spec: StatementSpec) -> Iterable[_Span]:
    """What a phrase says: a key a mention, none where it is denied and that means nothing; or a bare yes or no."""
    if not phrase.mentions:
        return _bare_votes(phrase, spec)
    denied = _denied(phrase, spec)
    return [
        _Span(mention.start, mention.end, spec.opposite(mention.key) if mention in denied else mention.key)
        for mention in phrase.mentions
    ]


def _bare_votes(phrase: _Phrase, spec: StatementSpec) -> Iterable[_Span]:
    if spec.is_prose or not (spec.yes and spec.no):
        return []
    said = list(phrase.said[phrase.start : phrase.end])
    for negation in phrase.negations:
        said[negation.start - phrase.start : negation.end - phrase.start] = " " * (negation.end - negation.start)
    rest = "".join(said)
    is_no = len(phrase.negations) % 2 == 1 or NO_MARK.search(rest) is not None
    has_yes = YES.search(rest) is not None
    if not (phrase.negations or is_no or has_yes) or FILLER.sub(" ", YES.sub(" ", NO_MARK.sub(" ", rest))).strip(
        " :*`~"
    ):
        return []
    return [_Span(phrase.start, phrase.end, spec.no if is_no else spec.yes)]


def _denied(phrase: _Phrase, spec: StatementSpec) -> set[_Span]:
    """The mentions that an odd group of negations governs: those after it, or else those before."""
    denied: set[_Span] = set()
    text = phrase.said
    previous = phrase.start
    for group in _groups(phrase):
        first, last = group[0], group[-1]
        after = [mention for mention in phrase.mentions if mention.start >= last.end]
        before = [mention for mention in phrase.mentions if previous <= mention.start and mention.end <= first.start]
        is_backward = BACKWARD.match(text, first.start) is not None or (
            bool(before) and PASSIVE.search(text, phrase.start, first.start) is not None
        )
        governed = [] if is_backward else _until_turn(text, last.end, after)
        if not governed and not is_backward and FILLER.sub(" ", YES.sub(" ", text[last.end :])).strip():
            before = [mention for mention in before if _is_gone(text, mention, last, spec)]
        if len(group) % 2:
            is_verb = all(mention.key in spec.verbs for mention in governed)
            denied |= {*governed, *(before if is_verb else ())}
        previous = last.end
    return denied


def _is_gone(text: str, mention: _Span, negation: _Span, spec: StatementSpec) -> bool:
    """Whether a negation that more words follow denies what stands before it.

    "VGG-16 without the dense layers" denies nothing of VGG-16; "fc6 removed to save
    memory" denies fc6; "the deconvolution does not ..." may say anything.
    """
    words = text[negation.start : negation.end]
    if not spec.opposite(mention.key) or FORWARD.fullmatch(words):
        return False
    if mention.key in (spec.yes, spec.no) and PERFECT.search(words):
        return True
    raise RefusedError(negation.start, _UNCLEAR)


def _until_turn(text: str, start: int, mentions: list[_Span]) -> list[_Span]:
    governed: list[_Span] = []
    for mention in mentions:
        if governed and TURN.search(text, governed[-1].end, mention.start):
            break
        between = text[start : mention.start]
        if not governed and (len(between) > _REACH or ASTRAY.match(between.strip())):
            raise RefusedError(start, _UNCLEAR)
        governed.append(mention)
    return governed


def _groups(phrase: _Phrase) -> list[list[_Span]]:
    """Negations that belong together, with nothing that is named between them."""
    groups: list[list[_Span]] = []
    for negation in phrase.negations:
        last = groups[-1][-1] if groups else None
        is_near = last is not None and negation.start - last.end <= _GROUP_REACH
        if is_near and last and not any(last.end <= m.start < negation.start for m in phrase.mentions):
            groups[-1].append(negation)
        else:
            groups.append([negation])
    return groups


def _phrases(text: str, mentions: list[_Span], negations: list[_Span]) -> list[_Phrase]:
    """Cut at commas and brackets; a list of things of one kind, `fc6, fc7 and the deconvolution`, stays whole."""
    inside = [(span.start, span.end) for span in mentions]
    cuts = [(0, 0, "")]
    for found in re.finditer(rf"[,()\[\]]|{BOUNDARY.pattern}", text):
        if not any(start < found.end() and found.start() < end for start, end in inside):
            cuts.append((found.start(), found.end(), found[0]))
    cuts.append((len(text), len(text), "end"))
    phrases: list[_Phrase] = []
    depth = 0
    for (_, start, mark), (end, _, following) in pairwise(cuts):
        depth = max(0, depth + (mark in ("(", "[")) - (mark in (")", "]")))
        phrase = _Phrase(
            start,
            end,
            depth,
            " " * start + text[start:end] + " " * (len(text) - end),
            [span for span in mentions if start <= span.start < end],
            [span for span in negations if start <= span.start < end],
        )
        last = next((other for other in reversed(phrases) if other.depth <= depth), None)
        is_resumed = last is not None and last.depth == depth and mark in (")", "]")
        if last is not None and (is_resumed or (mark == "," and _continues(text, last, phrase))):
            last.end = end
            last.said = last.said[:start] + text[start:end] + last.said[end:]
            last.mentions += phrase.mentions
            last.negations += phrase.negations
        elif text[start:end].strip():
            phrases.append(phrase)
        if phrases and following == ":":
            last = phrases[-1]
            last.is_label = not last.negations and YES.search(last.said) is None
    return phrases


def _continues(text: str, last: _Phrase, phrase: _Phrase) -> bool:
    """Whether a phrase begins with one more thing of the kind that the last one ended with."""
    if not (last.mentions and phrase.mentions and last.depth == phrase.depth):
        return False
    named, begin = last.mentions[-1], LIST_WORD.match(text, phrase.start)
    return (
        begin is not None
        and begin.end() == phrase.mentions[0].start
        and named.key == phrase.mentions[0].key
        and YES.search(text, named.end, last.end) is None
        and not any(negation.start > named.end for negation in last.negations)
    )


def _mentions(text: str, spec: StatementSpec) -> list[_Span]:
    """Every place where a thing is named; a longer name hides the shorter ones inside it."""
    spans = [
        _Span(found.start(), found.end(), key)
        for key, aliases in spec.choices.items()
        for alias in dict.fromkeys(aliases)
        for found in _pattern(alias).finditer(text)
    ]
    kept: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _negations(text: str, mentions: list[_Span]) -> list[_Span]:
    found = [_Span(*match.span()) for match in NEGATION.finditer(text)]
    free = [span for span in found if not any(span.start < m.end and m.start < span.end for m in mentions)]
    words = [span for span in free if text[span.start] not in MARKS]
    free = words or free  # a cross before "removed" denies the same thing
    passive = [span.start for span in free if text[span.start] == "被"]
    # "被卷积代替": the passive denies what stands before it; its verb denies nothing more.
    return [
        span
        for span in free
        if text[span.start : span.start + 2] not in ("代替", "取代", "替代")
        or not any(0 < span.start - start <= 17 for start in passive)
    ]


@lru_cache(maxsize=4096)
def _pattern(alias: str) -> re.Pattern[str]:
    wanted = _folded(Source.of(alias).text).strip()
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", wanted) if part]
    body = re.sub(r"(?<=[0-9])(?:x|\\\*)(?=[0-9])", r"\\s*[x*]\\s*", r"[\s_的-]*".join(parts))
    before = r"(?<![a-z0-9])" if wanted[0].isascii() else ""
    after = r"(?:e?s)?(?![a-z0-9])" if wanted[-1].isascii() and wanted[-1].isalpha() else ""
    if wanted[-1].isascii() and not after:
        after = r"(?![a-z0-9])"
    return re.compile(before + body + after)


def _folded(text: str) -> str:
    """Lower case, one character for one character, so that places stay true."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)
