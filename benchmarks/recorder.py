"""What a grading asks of the student's code, written down on its way to the wall."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from grader.student import GuestTransport


@dataclass(frozen=True)
class Asked:
    """A request, with the kind of guest and the student's file that it goes to."""

    kind: str
    file: str
    request: dict[str, Any]


@contextlib.contextmanager
def recorded() -> Iterator[list[Asked]]:
    """The requests of everything that is graded inside, in order."""
    asked: list[Asked] = []
    send = GuestTransport.request

    def recording(self, request, *, time_s=None):
        asked.append(Asked(self._spec.kind, self._file, request))
        return send(self, request, time_s=time_s)

    GuestTransport.request = recording
    try:
        yield asked
    finally:
        GuestTransport.request = send
