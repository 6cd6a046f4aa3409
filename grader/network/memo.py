"""What references have answered, kept for the next student: the same weights and images come again with each.

An answer depends on the requests since the network was built and on nothing else: its random numbers are the same in
every request.  So a digest of these requests stands for the network, and it is only run for requests that nobody has
made in this state before; whatever was answered from memory until then is then made up for.
"""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from grader.sandbox import wire

MAX_BYTES = 192 * 2**20  # of a process's answers; those about DeconvNet, the largest, take 82 MiB
Answer = dict[str, Any]
Key = tuple[Callable[..., Any], bytes]


class Memo:
    """Answers by network and digest of requests, the least recently used forgotten first.

    Args:
        max_bytes: How much all answers may take.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._answers: OrderedDict[Key, tuple[Answer, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, key: Key) -> Answer | None:
        """An answer, as a copy that the caller may change."""
        if key not in self._answers:
            return None
        self._answers.move_to_end(key)
        return copy.deepcopy(self._answers[key][0])

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep an answer that is not there yet."""
        size = _bytes(answer)
        self._answers[key] = copy.deepcopy(answer), size
        self._bytes += size
        while self._bytes > self._max_bytes:
            self._bytes -= self._answers.popitem(last=False)[1][1]


REFERENCES = Memo()


class Reference:
    """Answers the requests of `grader.sandbox.guest_model` about a network of ours, from memory where it can.

    Args:
        maker: The class of the network.
    """

    def __init__(self, maker: Callable[..., Any], memo: Memo = REFERENCES) -> None:
        self._maker = maker
        self._memo = memo
        self._digest = b""
        self._skipped: list[Answer] = []  # requests since the network was built that it has not been asked yet
        self._answer: Callable[[Answer], Answer] | None = None

    def __call__(self, op: str, **arguments: Any) -> Answer:
        """The answer to a request."""
        request = {"op": op, **arguments}
        if op == "model.build":
            self._digest = b""
            self._skipped.clear()
        self._digest = hashlib.sha256(self._digest + wire.encode(request)).digest()
        key = self._maker, self._digest
        answer = self._memo.find(key)
        if answer is None:
            answer = self._ask(request)
            self._memo.keep(key, answer)
        else:
            self._skipped.append(request)
        return answer

    def _ask(self, request: Answer) -> Answer:
        if self._answer is None:
            from grader.sandbox.guest_model import Models

            self._answer = Models(_Single(self._maker)).answer
        for skipped in self._skipped:
            self._answer(skipped)
        self._skipped.clear()
        return self._answer(request)


class _Single:
    """The definitions of a module that defines one class."""

    def __init__(self, maker: Callable[..., Any]) -> None:
        self._maker = maker

    def lookup(self, name: str) -> Any:
        """The class, whatever it is called."""
        return self._maker


def _bytes(value: object) -> int:
    """The size of the arrays in an answer, and a rough one of everything else."""
    if isinstance(value, np.ndarray):
        return value.nbytes + 100
    if isinstance(value, dict):
        return sum(map(_bytes, value.values())) + 100
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes, value)) + 100
    return 50
