"""UNTRUSTED: work on a student's PyTorch module behind the wall."""

from __future__ import annotations

from typing import Any


def warm_up(training: bool) -> None:
    """Import torch with one thread, and what a first training step imports, before the limits come down."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    if training:
        import torch.optim


class Models:
    """The modules that the host has asked for, by handle."""

    def __init__(self, student: Any) -> None:
        self.student = student

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request whose `op` begins with `model`."""
        raise ValueError(request["op"])
