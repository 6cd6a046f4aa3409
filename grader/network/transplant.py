"""Which tensor of the student's network stands for which of the reference's, and the way there and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.compare.array import Array
from grader.message import Message, msg
from grader.network.align import Alignment, describe
from grader.network.trace import CONV, NORM, Step
from grader.network.weight import ROLES, State, flipped
from grader.untrusted import clean


class Refused(Exception):
    """The layers cannot be matched; `reasons` say which."""

    def __init__(self, reasons: Sequence[Message]) -> None:
        super().__init__("; ".join(map(str, reasons)))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Graft:
    """One tensor in both networks; `layer` is the label of its step."""

    layer: str
    role: str
    reference: str
    student: str
    is_flipped: bool

    def across(self, value: Array) -> Array:
        """The values as the other network has them."""
        return flipped(value) if self.is_flipped else value

    @property
    def is_statistic(self) -> bool:
        """Whether it is measured, not learned."""
        return self.role.startswith("running")


@dataclass(frozen=True, slots=True)
class Transplant:
    """The grafts, and the biases that only one side has: zero where a normalisation makes them void anyway."""

    grafts: tuple[Graft, ...]
    silent: tuple[str, ...]  # of the reference
    student_silent: tuple[str, ...]

    def silenced(self, state: Mapping[str, Array]) -> State:
        """The reference's state with the biases that the student's network lacks, and may lack, at zero."""
        return {name: np.zeros_like(value) if name in self.silent else value for name, value in state.items()}

    def to_student(self, state: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> State:
        """The student's state that makes both networks one."""
        moved = {graft.student: graft.across(state[graft.reference]) for graft in self.grafts}
        return moved | {name: np.zeros(shapes[name]) for name in self.student_silent if name in shapes}


def transplant(alignment: Alignment) -> Transplant:
    """Match the tensors of two aligned traces.

    Raises:
        Refused: A layer with weights has no partner, partners differ in shape, or two layers share their weights.
    """
    reasons = [*_unmatched(alignment), *_shared(alignment)]
    grafts: list[Graft] = []
    silent: list[str] = []
    student_silent: list[str] = []
    for expected, got in alignment.pairs:
        if expected is None or got is None or not (expected.has_parameters or got.has_parameters):
            continue
        for role in ROLES:
            mine, theirs = expected.tensors.get(role), got.tensors.get(role)
            if mine is not None and theirs is not None:
                is_flipped = role == "weight" and expected.is_transposed != got.is_transposed
                shape = (mine.shape[1], mine.shape[0], *mine.shape[2:]) if is_flipped else mine.shape
                if shape != theirs.shape:
                    continue  # `_unmatched` has said so
                label = alignment.labels[expected.number]
                grafts.append(Graft(label, role, mine.name, theirs.name, is_flipped))
            elif mine is not None and role == "bias" and _is_normalised(alignment, expected):
                silent.append(mine.name)
            elif theirs is not None and role == "bias" and _is_normalised(alignment, expected):
                student_silent.append(theirs.name)
    if reasons:
        raise Refused(reasons)
    return Transplant(tuple(grafts), tuple(silent), tuple(student_silent))


def _unmatched(alignment: Alignment) -> list[Message]:
    reasons = []
    for difference in alignment.differences():
        expected, got = difference.expected, difference.got
        learned = [step for step in (expected, got) if step is not None and step.has_parameters]
        if not learned:
            continue
        if expected is None or got is None or expected.operation != got.operation or not _same_weights(expected, got):
            reasons.append(difference.message)
    for step in alignment.student.steps:
        if step.computed:
            place = alignment.label(step)
            reasons.append(msg("{place}: its weights are computed during the forward pass", place=clean(place, 60)))
    return reasons


def _same_weights(expected: Step, got: Step) -> bool:
    if expected.operation == CONV:
        names = ("in_channels", "out_channels", "kernel_size", "groups")
        return all(expected.options[name] == got.options[name] for name in names)
    if expected.operation == NORM:
        return bool(expected.options["channels"] == got.options["channels"])
    return describe(expected) == describe(got)


def _shared(alignment: Alignment) -> list[Message]:
    """Layers that use the weights of another one; a ReLU has none, so it may be used as often as one likes."""
    uses = Counter(step.tensors["weight"].name for step in alignment.student.steps if "weight" in step.tensors)
    reasons = []
    for name, count in uses.items():
        if count > 1:
            places = [
                alignment.label(step)
                for step in alignment.student.steps
                if "weight" in step.tensors and step.tensors["weight"].name == name
            ]
            reasons.append(
                msg(
                    "{layers} use the same weights ({name}): every layer needs its own module",
                    layers=", ".join(clean(place, 40) for place in places[:4]),
                    name=clean(name, 60),
                )
            )
    return reasons


def _is_normalised(alignment: Alignment, step: Step) -> bool:
    """Whether batch normalisation follows directly, which takes any bias away again."""
    return any(after.operation == NORM and step.number in after.sources[:1] for after in alignment.reference.steps)
