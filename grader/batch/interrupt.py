"""Ctrl-C and SIGTERM at moments that lose nothing: noted while results are kept, delivered while work is waited for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Deferred:
    """While it is entered, the two signals wait for `delivered`; then whoever handled them before handles them."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._noted: int | None = None
        self._is_open = False

    def __enter__(self) -> Self:
        try:
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        except ValueError:  # not the main thread, which alone gets signals
            self._before = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def delivered(self) -> Iterator[None]:
        """Let signals through, also one that came before."""
        self._is_open = True
        try:
            if self._noted is not None:
                self._deliver(self._noted, None)
            yield
        finally:
            self._is_open = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._is_open:
            self._is_open = False
            self._deliver(number, frame)
        else:
            self._noted = number

    def _deliver(self, number: int, frame: FrameType | None) -> None:
        handler = self._before[number]
        if callable(handler):
            handler(number, frame)
        raise KeyboardInterrupt


@contextmanager
def blocked() -> Iterator[None]:
    """Keep the two signals from this thread, and from the processes that it starts meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
