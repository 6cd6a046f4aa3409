"""Which of several choices an answer names, in English or Chinese.

Case and width do not matter.  A negation is not guessed at: "not SegNet" names no
choice, unless only one other choice is left.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from grader.answers.source import Parsed, RefusedError, Source, Unreadable, read_with
from grader.message import Message, joined, msg

_CLAUSE = re.compile(
    r"[,;.!?:()\[\]\n]|\bbut\b|\bwhereas\b|\bwhile\b|而是|但是?|却"
    r"|(?<![不没未无有再])(?:改用|改为|改成|换成|换为|转而)|[之以]外|外(?=[,是都均还也])"
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|without|neither|nor|cannot|\w{2,6}n't|instead of|rather than|except|lacks?|unlike)\b"
    r"|不是|没有|而不|不用|不会|不能|不含|不需|并非|除了|不同于|缺少|[不没无非未]"
)
_NEGATED_AFTER = re.compile(
    r"\s*(?:\b(?:does|do|did|is|are|has|have|had|was|were|can|could|will|would)\s*(?:not|n't|no)\b|\bcannot\b|\bcan't\b"
    r"|\b\w{2,6}n't\b|\blacks?\b|[都也并]?(?:没有?|不|无|非|未|缺少))"
)
# What is replaced is denied: "RPN replaces selective search", "SVM 被 softmax 取代".  Only a word right beside counts,
# for in "去掉 fc6 的是 SegNet" nothing is said against SegNet.
_REPLACES = re.compile(
    r"(?:\b(?:replac(?:es?|ed|ing)|eliminat(?:es?|ed|ing)|abandon(?:s|ed|ing)?|discard(?:s|ed|ing)?|drop(?:s|ped|ping)"
    r"|remov(?:es?|ed|ing)|in place of|gets? rid of)\s+(?:(?:the|an?|external|old|slow)\s+){0,2}"
    r"|(?:取代|代替|替代|替换|淘汰|抛弃|摒弃|放弃|去掉|去除|取消|省去)[了掉]{0,2}\s*"
    r"(?:(?:原来|原先|之前|传统|外部|耗时|单独|独立)的?|慢的)?\s*"
    r"|(?:取代|代替|替代|替换)[了掉]{0,2}[^,;.]{1,10}的\s*)$"
)
_REPLACED = re.compile(
    r"\s*(?:\b(?:is|are|was|were|gets?|got|has been|have been)\s+(?:now\s+)?"
    r"(?:replaced|dropped|removed|abandoned|superseded|eliminated|discarded|gone|no longer (?:used|needed))\b"
    r"|(?:已经?|都|则|也)?被(?!用)[^,;.]{0,24}?(?:取代|代替|替代|替换|换成|去掉|去除|抛弃|淘汰|取消)"
    r"|(?:已经?|都|也)?不再(?:被)?(?:使用|需要|采用|用)了?\s*(?=[,;.]|$)"
    r"|(?:也|就)?消失)"
)
_FROM = re.compile(r"(?:由|从|将|把|\bfrom(?: the)?|\bturns?(?: the)?)\s*$")
_INTO = re.compile(r"\s*(?:的?(?:变|改|换|到|转|替换)|->|=>|(?:in)?to\b)")
# Of two choices the denied one leaves the other, where only words like these stand between it and the negation:
# "not per region" says something of regions, "不含候选区域是一个阶段" nothing against one stage.
_BETWEEN = re.compile(
    r"(?:\s|the|an?|any|more|longer|yet|us(?:es?|ed|ing)|by|per|of|to|be|with|for|from|in|on|over|need(?:s|ed)?|have|has|had"
    r"|its?|their|再|是|使用|采用|用|需|要|做|有|能够?|会|由|通过|进行|依赖|靠|在|的|被|为|属于)*"
)
_OR = re.compile(r"\bor\b|\beither\b|或|/|\?")
_NEGATION_REACH = 24  # characters between a negation and the word that it negates
_BOTH = frozenset({"both", "both of them", "都", "两者", "二者", "两者都", "两个都"})


@dataclass(frozen=True, slots=True)
class _Mention:
    """A choice that is named in an answer."""

    key: str
    start: int
    end: int
    is_negated: bool = False  # "not SegNet"
    is_near: bool = False  # and the negation can mean nothing else
    is_doubtful: bool = False  # "SegNet does not": says or denies, depending on the question; "not replaced SegNet"


def parse_choice(text: str, choices: Mapping[str, Sequence[str]]) -> Parsed[str] | Unreadable:
    """Read which one of the choices an answer names, by its key or an alias.

    Example:
        >>> nets = {"deconvnet": ("DeconvNet", "反卷积网络"), "segnet": ("SegNet",), "none": ("none", "都没有")}
        >>> parse_choice("SegNet，而不是 DeconvNet", nets).value
        'segnet'
        >>> str(parse_choice("SegNet or DeconvNet", nets).message)
        'one choice is expected, but SegNet and DeconvNet are named'
    """
    accepted = msg("one of {choices}", choices=joined(choice_name(key, choices) for key in choices))
    return read_with(lambda source: _parse_choice(source, choices), text, accepted)


def _parse_choice(source: Source, choices: Mapping[str, Sequence[str]]) -> Parsed[str]:
    text = _folded(source.text)
    mentions = _mentions(text, source.text, choices)
    outside = [mention for mention in mentions if not _is_aside(text, mention.start)]
    remarks: tuple[Message, ...] = ()
    key = _chosen(outside or mentions, choices, is_open=_OR.search(text) is not None)
    if key is None:
        key, remarks = _left_over(mentions, choices)
    if key is None:
        raise _refusal(text, mentions, choices)
    name = choice_name(key, choices)
    return Parsed(key, str(name), remarks, name)


def choice_name(key: str, choices: Mapping[str, Sequence[str]]) -> Message:
    """What the report calls a choice: its first alias, which a course's catalogue translates."""
    return Message(choices[key][0] if choices[key] else key)


def _chosen(mentions: Sequence[_Mention], choices: Mapping[str, Sequence[str]], *, is_open: bool) -> str | None:
    """Find the one choice that is named and not denied; `is_open` when the answer says "or"."""
    named = {mention.key for mention in mentions if not mention.is_negated}
    if any(mention.is_doubtful for mention in mentions):
        return None
    both = next((key for key, aliases in choices.items() if _BOTH & {alias.lower() for alias in (key, *aliases)}), None)
    if both is not None and (both in named or (named == choices.keys() - {both} and len(named) > 1)):
        is_denied = any(mention.is_negated for mention in mentions)
        return None if is_denied or (both not in named and is_open) else both
    return next(iter(named)) if len(named) == 1 else None


def _left_over(
    mentions: Sequence[_Mention], choices: Mapping[str, Sequence[str]]
) -> tuple[str | None, tuple[Message, ...]]:
    """Of two choices, the one that is left when the other is denied."""
    denied = {mention.key for mention in mentions if mention.is_negated}
    if len(choices) != 2 or len(denied) != 1 or any(not m.is_near or m.is_doubtful for m in mentions):
        return None, ()
    key = next(key for key in choices if key not in denied)
    name = choice_name(key, choices)
    return key, (msg("the answer denies the other choice and was read as {name}", name=name),)


def _refusal(text: str, mentions: Sequence[_Mention], choices: Mapping[str, Sequence[str]]) -> RefusedError:
    doubtful = next((mention for mention in mentions if mention.is_negated or mention.is_doubtful), None)
    if doubtful:
        name = choice_name(doubtful.key, choices)
        message = msg("there is a negation beside {name}; name only the right choice", name=name)
        return RefusedError(doubtful.start, message)
    if len(mentions) > 1:
        first = mentions[0]
        second = next((mention for mention in mentions if mention.key != first.key), mentions[1])
        message = msg(
            "one choice is expected, but {first} and {second} are named",
            first=choice_name(first.key, choices),
            second=choice_name(second.key, choices),
        )
        return RefusedError(second.start, message)
    known = {_folded(alias): alias for key, aliases in choices.items() for alias in (key, *aliases)}
    for word in re.findall(r"[^\W_]{3,40}", text[:2000])[:50]:
        if close := difflib.get_close_matches(word, known, n=1, cutoff=0.75):
            return RefusedError(text.find(word), msg("did you mean {name}?", name=known[close[0]]))
    return RefusedError(0, msg("this names none of the choices"))


def _mentions(text: str, exact: str, choices: Mapping[str, Sequence[str]]) -> list[_Mention]:
    """Every place where a choice is named; a longer name hides the shorter ones inside it."""
    spans: list[tuple[int, int, str]] = []
    for key, aliases in choices.items():
        for alias in dict.fromkeys((key, *aliases)):
            wanted, pattern = _alias(alias)
            if not wanted:
                continue
            for found in pattern.finditer(text):
                is_article = len(wanted) == 1 and wanted.isascii() and exact[found.start()].islower()
                if not is_article or text.strip(" .()*`") == wanted:
                    spans.append((found.start(), found.end(), key))
    spans.sort(key=lambda span: (span[0] - span[1], span[0]))
    kept: list[tuple[int, int, str]] = []
    is_taken = bytearray(len(text))
    for start, end, key in spans:
        if not any(is_taken[start:end]):
            is_taken[start:end] = bytes([1]) * (end - start)
            kept.append((start, end, key))
    return [_judged(text, start, end, key) for start, end, key in sorted(kept)]


def _judged(text: str, start: int, end: int, key: str) -> _Mention:
    """Look for a negation in the clause before and right after a mention."""
    window = text[max(0, start - 80) : start]
    clause = window[max((found.end() for found in _CLAUSE.finditer(window)), default=0) :]
    replaces = _REPLACES.search(clause)
    is_replaced = (
        replaces is not None
        or _REPLACED.match(text, end) is not None
        or (_FROM.search(clause) is not None and _INTO.match(text, end) is not None)
    )
    between = [clause[found.end() :] for found in _NEGATION.finditer(clause)]
    is_negated = is_replaced or any(len(words) <= _NEGATION_REACH for words in between)
    is_near = is_negated and (is_replaced or any(_BETWEEN.fullmatch(words) for words in between))
    is_doubtful = (
        bool(between) if replaces is not None else not is_negated and _NEGATED_AFTER.match(text, end) is not None
    )  # "has not replaced SegNet" denies the denial
    return _Mention(key, start, end, is_negated, is_near, is_doubtful)


@lru_cache(maxsize=8192)
def _alias(alias: str) -> tuple[str, re.Pattern[str]]:
    """An alias in its plain form, and what finds it."""
    wanted = _folded(Source.of(alias).text).strip()
    if not wanted:
        return "", re.compile(r"(?!)")
    body = r"[\s_-]*".join(re.escape(part) for part in re.split(r"[\s_-]+", wanted) if part)
    before = r"(?<![a-z0-9])" if wanted[0].isascii() else ""
    after = r"(?:e?s)?(?![a-z0-9])" if wanted[-1].isascii() and wanted[-1].isalpha() and len(wanted) > 3 else ""
    if wanted[-1].isascii() and not after:
        after = r"(?![a-z0-9])"
    return wanted, re.compile(before + body + after)


def _is_aside(text: str, position: int) -> bool:
    before = text[max(0, position - 400) : position]
    return before.count("(") > before.count(")")


def _folded(text: str) -> str:
    """Lower case, one character for one character, so that places stay true."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)
