r"""LaTeX, Unicode and Markdown dress of a formula, taken off: one plain notation is left.

`\mathbf{x}`, `\cdot`, `\left(`, `x₁₂ᴿ`, `&=` and `\begin{aligned}` become `x`, `*`, `(`,
`x_{12}^{R}`, `=` and nothing.  Every character still knows where it stood.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from grader.answers.source import Source
from grader.message import Message, msg

_FONT = r"math(?:bf|rm|it|sf|cal|scr|bb|tt)|text(?:bf|it|rm|sf|tt)?|bm|boldsymbol|operatorname|mbox|vec|rm|bf|it"
_REPLACED = {
    "cdot": "*", "times": "*", "ast": "*", "bullet": "*", "star": "*", "div": "/",
    "sum": "∑", "Sigma": "∑", "in": "∈", "le": "≤", "leq": "≤", "leqslant": "≤",
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")",
    "equiv": "=", "triangleq": "=", "coloneqq": "=", "prime": "'", "otimes": "⊗", "circledast": "⊗",
    "left": " ", "right": " ", "displaystyle": " ", "textstyle": " ", "limits": " ", "nolimits": " ",
    "nonumber": " ", "notag": " ", "quad": " ", "qquad": " ", "big": " ", "Big": " ", "bigg": " ", "Bigg": " ",
    "bigl": " ", "bigr": " ", "Bigl": " ", "Bigr": " ", "biggl": " ", "biggr": " ", "Biggl": " ", "Biggr": " ",
    "newline": " ", "hspace": " ", "space": " ", "thinspace": " ",
}  # fmt: skip

_DRESS = re.compile(
    r"(?P<fence>^[ \t]*(?:`{3,}|~{3,})[^\n]*$)"
    r"|(?P<comment>(?<!\\)[%#][^\n]*)"
    r"|(?P<row>\\\\(?:\s?\[-?[0-9.]{1,6}(?:pt|em|ex|mm|cm)\])?)"
    r"|(?P<environment>\\(?:begin|end)\s?\{[a-zA-Z]{1,12}\*?\}(?:\{[lcr@{} ]{1,12}\})?)"
    r"|(?P<tag>\\(?:tag|label)\*?\{[^{}\n]{0,40}\})"
    rf"|(?P<font>\\(?:{_FONT})(?![a-zA-Z]))"
    r"|(?P<invisible>\\(?:left|right)\s?\.)"
    r"|(?P<command>\\(?P<name>[a-zA-Z]+))"
    r"|(?P<brace>\\[{}])"
    r"|(?P<space>\\[,;:!> \n()\[\]]|\\$|[&$`~]|\*\*(?!\s?[-+]?\s?[0-9(]))"
    r"|(?P<sum>[Σ∑])|(?P<member>[∈ϵє])|(?P<conv>[⊗⊛⍟])|(?P<assign>:=)",
    re.MULTILINE,
)
_UNWRAPPED = re.compile(r"\x02\s?\{")


def plain_notation(source: Source) -> Source:
    """Rewrite the source so that only letters, digits, `_ ^ + - * / = ∑ ∈ ⊗` and brackets carry meaning.

    Commands that are not known stay as they are: the reader of the formula refuses them.
    """
    edits = []
    for found in _DRESS.finditer(source.text):
        new = _replacement(found)
        if new != found[0]:
            edits.append((found.start(), found.end(), new))
    return _scripts_in_braces(_without_font_braces(source.rewritten(edits)))


def _replacement(found: re.Match[str]) -> str:
    if found["font"]:
        return "\x02"
    if found["command"]:
        name = found["name"]
        return _REPLACED.get(name, found[0])
    if found["brace"]:
        return found[0][1]
    for group, new in (("sum", "∑"), ("member", "∈"), ("conv", "⊗"), ("assign", "=")):
        if found[group]:
            return new
    return " "


def _without_font_braces(source: Source) -> Source:
    r"""Take off the braces of `\mathbf{x}`, whose command has become a mark."""
    text, edits, opened = source.text, [], []
    depth = 0
    position = 0
    while position < len(text):
        if found := _UNWRAPPED.match(text, position):
            edits.append((found.start(), found.end(), ""))
            depth += 1
            opened.append(depth)
            position = found.end()
            continue
        if text[position] == "\x02":
            edits.append((position, position + 1, ""))
        elif text[position] == "{":
            depth += 1
        elif text[position] == "}":
            if opened and opened[-1] == depth:
                opened.pop()
                edits.append((position, position + 1, ""))
            depth -= 1
        position += 1
    return source.rewritten(edits)


def _scripts_in_braces(source: Source) -> Source:
    """Write runs of Unicode subscripts and superscripts as `_{...}` and `^{...}`."""
    text, edits, position = source.text, [], 0
    while position < len(text):
        kind = _script(text[position])
        if kind is None:
            position += 1
            continue
        end = position + 1
        while end < len(text) and (
            _script(text[end]) == kind or (text[end] == "," and _script(text[end + 1 : end + 2]) == kind)
        ):
            end += 1
        plain = "".join(unicodedata.normalize("NFKC", character) for character in text[position:end])
        edits.append((position, position, kind + "{"))
        edits += [(position + i, position + i + 1, new) for i, new in enumerate(plain.replace("−", "-"))]
        edits.append((end, end, "}"))
        position = end
    return source.rewritten(edits)


@lru_cache(maxsize=4096)
def _script(character: str) -> str | None:
    decomposition = unicodedata.decomposition(character).split() if character else []
    if len(decomposition) != 2:
        return None
    return {"<super>": "^", "<sub>": "_"}.get(decomposition[0])


_CONVOLUTION = re.compile(r"⊗|\b(?:conv2?d?|corr2?d?|filter2|xcorr2?)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()\n]{0,40}[\u3400-\u9fff][^()\n]{0,40}\)")  # （相关）
_AFTERWORD = re.compile(r"[,;.\n]\s{0,40}(?:其中|式中|这里|此处|where\b|here\b|with\b)", re.IGNORECASE)


def without_words(text: str, families: list[str], left: list[str], remarks: list[Message]) -> str:
    """Blank out what stands around a formula: a label before it, "where ..." after it, a side like X ⊗ W.

    The length stays the same, so places stay true.
    """
    if found := _AFTERWORD.search(text):
        text = text[: found.start()] + " " * (len(text) - found.start())
        remarks.append(msg("the words after the formula were not read"))
    text = _ASIDE.sub(lambda found: " " * len(found[0]), text)
    text = _without_label(text, families, left, remarks)
    if left and (found := re.match(rf"\s*(?:{_any_of(left)})[\s\w^_{{}}\[\](),]{{0,40}}(:)", text, re.IGNORECASE)):
        text = text[: found.start(1)] + "=" + text[found.end(1) :]
    sides = _sides(text)
    readable = [(start, end) for start, end in sides if text[start:end].strip()]
    abstract = [(start, end) for start, end in readable if _CONVOLUTION.search(text[start:end])]
    if abstract and len(readable) - len(abstract) >= 2:
        for start, end in abstract:
            blank_from = start - 1 if start else start  # with the equals sign before it
            text = text[:blank_from] + " " * (end - blank_from) + text[end:]
        remarks.append(msg("a side of the formula that names an operation was not read"))
    return text


def _without_label(text: str, families: list[str], left: list[str], remarks: list[Message]) -> str:
    """Blank out a bullet, a number or words before the formula."""
    opening = (
        re.search(rf"(?<![A-Za-z\\_^{{])(?:{_any_of(left)})(?=[\s\w^_{{}}\[\](),]*[=:])", text, re.IGNORECASE)
        if left
        else None
    )
    if opening is None:
        opening = re.match(r"\s*(?:(?:[-*>]|\(?[0-9a-z]{1,2}[.)])\s+(?![*/^]))?(?:[^\W\d_][\w ]{0,40}:)?\s*", text)
        end = opening.end() if opening else 0
        if re.match(r"\s*(?:-|\([0-9])", text[:end]):
            remarks.append(msg("what stands before the formula was read as the mark of a list, not as a part of it"))
    else:
        end = opening.start()
    before = text[:end]
    if re.search(rf"=|∑|(?<![A-Za-z])(?:{_any_of(families)})[\s_^\[]?[0-9_^\[{{]", before, re.IGNORECASE):
        return text
    return " " * end + text[end:]


def _any_of(names: list[str]) -> str:
    return "|".join(sorted((re.escape(name) for name in names), key=len, reverse=True))


def _sides(text: str) -> list[tuple[int, int]]:
    """Spans between the equals signs that stand in no bracket."""
    spans, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "=" and depth == 0:
            spans.append((start, position))
            start = position + 1
    return [*spans, (start, len(text))]
