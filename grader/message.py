"""What people read, kept as an English sentence and its values until a renderer picks the language.

Reports are values: they are stored, compared and rendered later, perhaps in
another language.  So no code builds a finished sentence; it builds a `Message`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

MessageArg = Union[str, int, float, "Message"]
Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence: `text` is English with `{named}` fields and is the key of the translation catalogues.

    Example:
        >>> str(Message("expected {expected}, got {got}", {"expected": 3, "got": 5}))
        'expected 3, got 5'
    """

    text: str
    args: Mapping[str, MessageArg] = field(default_factory=dict)

    def render(self, translate: Translate = str) -> str:
        """Translate the text, put the values in; nested messages are rendered first."""
        values = {k: v.render(translate) if isinstance(v, Message) else v for k, v in self.args.items()}
        # Only templates with values are formatted: a plain sentence may hold braces, as LaTeX does.
        return translate(self.text).format(**values) if values else translate(self.text)

    def __str__(self) -> str:
        return self.render()

    def to_json(self) -> dict[str, Any]:
        """The message as JSON data; `Message.from_json` is its inverse."""
        args = {k: v.to_json() if isinstance(v, Message) else v for k, v in self.args.items()}
        return {"text": self.text, "args": args} if args else {"text": self.text}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """Rebuild a message from `to_json`."""
        args = {k: cls.from_json(v) if isinstance(v, dict) else v for k, v in data.get("args", {}).items()}
        return cls(data["text"], args)


def msg(text: str, /, **args: MessageArg) -> Message:
    """Make a `Message`; the catalogue extractor looks for calls of this name with a literal text."""
    return Message(text, args)


def verbatim(text: str) -> Message:
    """Text that is nobody's to translate: a student's own words, a number, a piece of code."""
    return Message("{verbatim}", {"verbatim": text})


def joined(parts: Iterable[Message], separator: str = ", ") -> Message:
    """Several messages in one, each translated by itself.

    Example:
        >>> str(joined([msg("kept"), msg("removed")]))
        'kept, removed'
    """
    named = {f"part{number}": part for number, part in enumerate(parts)}
    return Message(separator.join(f"{{{name}}}" for name in named), named)
