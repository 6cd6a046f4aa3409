"""Views and the tensors whose memory they share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reference.geometry.memory import Memory
from reference.geometry.trace import Call, record


class Cutting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        piece = x[:, 1:][:, :, 2:]
        return piece.transpose(0, 1)[:, ::2]


def calls_of(x: Tensor) -> list[Call]:
    return record(Cutting(), (x,))[0]


def test_pieces_of_pieces_lie_in_the_whole():
    x = torch.zeros(3, 4, 5)
    memory = Memory()
    calls = calls_of(x)
    for call in calls:
        memory.note(call)
    views = {call.operator: call.results[0] for call in calls}
    cuts = [call.results[0] for call in calls if call.operator == "slice" and call.get("step", 1) == 1]
    place = memory.piece(cuts[-1])
    assert place is not None
    assert place.whole is x
    assert place.starts == (0, 1, 2)
    assert memory.piece(views["transpose"]) is None
    assert memory.piece(views["slice"]) is None  # the last one has steps
    assert {id(tensor) for tensor in memory.relatives(cuts[0])} >= {id(x), id(views["transpose"])}
    assert (memory.is_whole(x), memory.is_whole(cuts[-1])) == (True, False)
