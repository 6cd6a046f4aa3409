"""Which tensors share memory: what is written into a piece is seen through the whole."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from reference.geometry.layout import slice_start
from reference.geometry.trace import Call


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A tensor that was cut out of a larger one, without steps.

    Args:
        whole: The larger one.
        starts: Where the piece begins in it, along each dimension.
    """

    whole: Tensor
    starts: tuple[int, ...]


class Memory:
    """Follows views back to the tensors whose memory they share."""

    def __init__(self) -> None:
        self._roots: dict[int, Tensor] = {}
        self._views: dict[int, list[Tensor]] = {}
        self._pieces: dict[int, Piece] = {}

    def note(self, call: Call) -> None:
        """Take the results of a call into account."""
        if not call.is_view or not call.tensors:
            return
        x = call.tensors[0]
        root = self._roots.get(id(x), x)
        for view in call.results:
            self._roots[id(view)] = root
            self._views.setdefault(id(root), []).append(view)
            piece = self._cut(call, x)
            if piece is not None:
                self._pieces[id(view)] = piece

    def relatives(self, tensor: Tensor) -> list[Tensor]:
        """All tensors that share the memory of this one, itself among them."""
        root = self._roots.get(id(tensor), tensor)
        return [root, *self._views.get(id(root), ())]

    def piece(self, tensor: Tensor) -> Piece | None:
        """Where a tensor lies in the one whose memory it shares; None if it is another kind of view."""
        if id(tensor) in self._roots:
            return self._pieces.get(id(tensor))
        return Piece(tensor, (0,) * tensor.ndim)

    def is_whole(self, tensor: Tensor) -> bool:
        """Whether a tensor is all of the memory, in its own order."""
        piece = self.piece(tensor)
        return piece is not None and piece.whole.shape == tensor.shape

    def _cut(self, call: Call, x: Tensor) -> Piece | None:
        before = self.piece(x)
        if before is None or call.operator in ("detach", "alias"):
            return before
        if call.operator != "slice" or call.get("step", 1) != 1:
            return None
        dim, start = slice_start(call)
        starts = before.starts
        return Piece(before.whole, (*starts[:dim], starts[dim] + start, *starts[dim + 1 :]))
