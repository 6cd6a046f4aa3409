"""A report as JSON for programs: the report's own data, each message with its sentence in one language beside it.

docs/report.md describes the schema; `Report.from_json` reads it back.
"""

from __future__ import annotations

import json
from typing import Any

from grader.message import Message, Translate
from grader.model import Report


def document(report: Report, translate: Translate = str, **extra: Any) -> dict[str, Any]:
    """The report as JSON data; `extra` are further keys beside the report's own."""
    data: dict[str, Any] = with_sentences(report.to_json(), translate)
    return data | {"digest": report.digest} | extra


def with_sentences(data: Any, translate: Translate = str) -> Any:
    """A copy in which every message `{"text", "args"}` also holds `message`, the finished sentence."""
    if isinstance(data, list):
        return [with_sentences(item, translate) for item in data]
    if not isinstance(data, dict):
        return data
    copied = {key: with_sentences(value, translate) for key, value in data.items()}
    if is_message(data):
        copied["message"] = Message.from_json(data).render(translate)
    return copied


def is_message(data: dict[str, Any]) -> bool:
    """Whether JSON data are a message, as `Message.to_json` writes it."""
    return isinstance(data.get("text"), str) and data.keys() <= {"text", "args"}


def dumps(data: Any) -> str:
    """JSON text, indented, with Chinese characters as they are, and a line break at the end."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
