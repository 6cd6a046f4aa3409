"""A student's network and the reference's, built with the same arguments and given the same inputs and weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from grader import expect
from grader.compare.array import Array, as_array
from grader.expect import Mismatch
from grader.message import Message, msg
from grader.network import explain
from grader.network.align import Alignment, align
from grader.network.model import Shapes, Traced, of_reference, of_student
from grader.network.trace import CONV, Trace
from grader.network.transplant import Refused, Transplant, transplant
from grader.network.weight import State, fresh_state, typed
from grader.sandbox.host import StudentError
from grader.student import Student

Image = tuple[int, int, int]  # N, H, W


class Pair:
    """Both networks.

    Args:
        student: The stand-in.
        name: The class that the student writes.
        reference: The class that it is compared with.
        image: (N, H, W) of the batch on which both are traced; `in_channels` is among `kwargs`.
        remarks: Where sentences go that cost no points.
        kwargs: The constructor's arguments, in the order of the prompt.

    Raises:
        Mismatch: The constructor takes other arguments, makes no network, or leaves weights unregistered.
        StudentError, MissingName, GuestLost: As for any call of a student's function.
    """

    def __init__(
        self,
        student: Student,
        name: str,
        reference: Callable[..., Any],
        *,
        image: Image,
        remarks: list[Message] | None = None,
        **kwargs: int,
    ) -> None:
        student.note(name, **kwargs)
        self.name = name
        self.kwargs = kwargs
        self.image = image
        self.mine = of_reference(reference)
        self.theirs = of_student(student, name)
        self.dtype = "float64"
        self.shapes: Shapes = {}  # of the student's parameters
        self._student = student
        self._remarks = remarks if remarks is not None else []
        x = self.input(image, seed=0)
        self.mine.build(kwargs, "float64")
        self.my_trace: Trace = self.mine.trace(x).trace
        self.their_trace: Trace = self._traced(x).trace
        self._demand_registration()
        self._remark_on_names()

    @cached_property
    def alignment(self) -> Alignment:
        """The reference's trace beside the student's."""
        return align(self.my_trace, self.their_trace)

    @cached_property
    def terms(self) -> int:
        """Products that are added up on the way from a pixel of the input to a score: the bound of rounding errors."""
        return sum(
            int(np.prod(step.options["kernel_size"])) * int(step.options["in_channels"])
            for step in self.my_trace.steps
            if step.operation == CONV
        )

    def shape(self, image: Image) -> tuple[int, int, int, int]:
        """The shape of a batch: (N, C_in, H, W)."""
        return image[0], self.kwargs["in_channels"], image[1], image[2]

    def input(self, image: Image, *, seed: int) -> Array:
        """A random batch."""
        return np.random.default_rng(seed).standard_normal(self.shape(image))

    def rebuild(self) -> None:
        """Make the student's network anew, as its constructor leaves it."""
        self.shapes = self.theirs.build(self.kwargs, self.dtype)

    def wanted_scores(self, x: Array, *, training: bool = False) -> Array:
        """What the reference answers to a batch."""
        output = as_array(self.mine.forward([x], training=training).outputs[0])
        if output is None:
            raise TypeError("the reference returned no array")
        return output

    def scores(self, x: Array, *, training: bool = False) -> object:
        """What the student's network answers to a batch."""
        return self.theirs.forward([x.astype(self.dtype)], training=training).outputs[0]

    def transplant(self, *, seed: int, dtype: str | None = None) -> tuple[Transplant, State]:
        """Put the same fresh weights into both networks; the matched tensors, and the reference's state.

        Raises:
            Mismatch: The layers cannot be matched.
        """
        try:
            found = transplant(self.alignment)
        except Refused as refused:
            raise Mismatch(
                msg("The layers are not those of {name}.", name=self.name), *explain.as_lines(refused.reasons)
            ) from None
        if explain.is_transposed(self.alignment):
            self.remark(
                msg("Transposed convolutions with stride 1 and convolutions compute the same: both are accepted.")
            )
        state = found.silenced(fresh_state(self.my_trace, seed=seed))
        self.mine.load(state)
        self.rebuild()  # what the network remembers of earlier calls is no matter of this one
        self.theirs.load(typed(found.to_student(state, self.shapes), dtype or self.dtype))
        return found, state

    def close(self, got: object, wanted: Any, *, name: str = "y", scale: float | None = None) -> None:
        """Demand equality within the rounding errors of this network."""
        expect.close(got, wanted, terms=self.terms, scale=scale, name=name)

    def remark(self, sentence: Message) -> None:
        """Say something that costs no points, once."""
        if sentence not in self._remarks:
            self._remarks.append(sentence)

    def _traced(self, x: Array) -> Traced:
        """Build and trace the student's network in float64, or in float32 where that raises."""
        try:
            return self._try("float64", x)
        except StudentError as error:
            if error.info.unwritten or error.info.memory:
                raise
        self._student.begin()  # the first attempt is no matter of the report
        self._student.note(self.name, **self.kwargs)
        try:
            return self._try("float32", x)
        except StudentError:
            reason = explain.wrong_switches(self.my_trace, self.theirs.partial_trace())
            if reason is not None:
                raise Mismatch(reason) from None
            raise

    def _try(self, dtype: str, x: Array) -> Traced:
        self.dtype = dtype
        self.rebuild()
        return self.theirs.trace(x.astype(dtype))

    def _demand_registration(self) -> None:
        count = self.their_trace.unregistered
        if count:
            expect.fail(
                msg("The network computes with {count} tensors that are not among its parameters().", count=count),
                hint=msg(
                    "Layers in a plain Python list or dict are not registered, so no optimizer, no eval() and no "
                    "state_dict() reaches them: use nn.ModuleList, nn.Sequential, nn.ModuleDict or nn.ParameterList."
                ),
            )

    def _remark_on_names(self) -> None:
        if self.theirs.by_position:
            self.remark(
                msg(
                    "{name}({found}) was called by position, as {name}({expected}).",
                    name=self.name,
                    found=", ".join(self.theirs.by_position),
                    expected=", ".join(self.kwargs),
                )
            )
