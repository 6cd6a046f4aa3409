"""Two traces side by side: which step of one is which step of the other, and the architecture diff.

The alignment is the cheapest way to turn the reference's steps into the
student's by leaving out, adding and replacing steps (Needleman and Wunsch, 1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.message import Message, msg, verbatim
from grader.network.trace import CONV, NORM, POOL, RELU, UNPOOL, Step, Trace
from grader.untrusted import clean

GAP = {CONV: 1.2, NORM: 0.9, RELU: 0.6}
OTHER_GAP = 0.8
OTHER_SIZE = 0.25  # added where two steps of different picture size are paired
NEVER = 100.0
_UPSAMPLING = ("upsample_", "pixel_shuffle", "scatter", "index_put", "repeat_interleave", "copy", "_unsafe_index")
_ACTIVATIONS = frozenset({RELU, "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh", "hardtanh", "prelu", "celu"})
_NORMS = frozenset({NORM, "native_group_norm", "native_layer_norm"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the architecture diff; the side that has no such step is None."""

    place: Message
    expected: Step | None
    got: Step | None
    message: Message


@dataclass(frozen=True, slots=True)
class Alignment:
    """The pairs in order of execution; None stands where one side has nothing.

    `labels` are the names of the reference's steps, by their number.
    """

    reference: Trace
    student: Trace
    pairs: tuple[tuple[Step | None, Step | None], ...]
    labels: dict[int, str]

    def differences(self) -> tuple[Difference, ...]:
        """Where the student's network is built otherwise."""
        found = []
        last: Message = msg("at the beginning")
        for expected, got in self.pairs:
            if expected is not None:
                last = msg("after {layer}", layer=self.labels[expected.number])
                place: Message = verbatim(self.labels[expected.number])
                if got is not None and _looks_alike(expected, got) and self._same_indices(expected, got):
                    continue
            else:
                place = last
            words = self._words(expected, got)
            message = msg("{place}: expected {expected}, got {got}", place=place, expected=words[0], got=words[1])
            found.append(Difference(place, expected, got, message))
        return tuple(found)

    def label(self, step: Step) -> str:
        """What the report calls a step of the student's: the layer of the reference that it stands for, or its own."""
        for expected, got in self.pairs:
            if got is step and expected is not None:
                return self.labels[expected.number]
        return f"{step.operation} {self.student.ordinal(step)}"

    def _same_indices(self, expected: Step, got: Step) -> bool:
        if expected.operation != UNPOOL:
            return True
        return self._pool_name(self.reference, expected) == self._pool_name(self.student, got)

    def _words(self, expected: Step | None, got: Step | None) -> tuple[Message, Message]:
        if expected is not None and got is not None and expected.operation == got.operation == NORM:
            return _norm_words(expected, got)
        return self._describe(self.reference, expected), self._describe(self.student, got)

    def _describe(self, trace: Trace, step: Step | None) -> Message:
        if step is None:
            return msg("nothing")
        if step.operation == UNPOOL:
            pool = self._pool_name(trace, step)
            if pool is None:
                return msg("max_unpool2d with indices that are no pooling's")
            return msg("max_unpool2d with the indices of {pool}", pool=pool)
        text = describe(step)
        weight = step.tensors.get("weight")
        if trace is self.student and weight is not None:
            return verbatim(f"{text} ({clean(weight.name, 60)})")
        return verbatim(text)

    def _pool_name(self, trace: Trace, unpool: Step) -> str | None:
        pool = trace.pool_of(unpool)
        return f"pool{trace.ordinal(pool)}" if pool is not None else None


def align(reference: Trace, student: Trace) -> Alignment:
    """Pair the steps of two traces."""
    wanted, found = reference.steps, student.steps
    if len(wanted) == len(found) and not any(map(cost, wanted, found)):
        return Alignment(reference, student, tuple(zip(wanted, found, strict=True)), labels(reference))
    best = [[0.0] * (len(found) + 1) for _ in range(len(wanted) + 1)]
    for i, step in enumerate(wanted):
        best[i + 1][0] = best[i][0] + _gap(step)
    for j, step in enumerate(found):
        best[0][j + 1] = best[0][j] + _gap(step)
    for i, expected in enumerate(wanted):
        row, above = best[i + 1], best[i]
        gap = _gap(expected)
        for j, got in enumerate(found):
            row[j + 1] = min(above[j] + cost(expected, got), above[j + 1] + gap, row[j] + _gap(got))
    return Alignment(reference, student, _walk_back(best, wanted, found), labels(reference))


def cost(expected: Step, got: Step) -> float:
    """What it costs to take one step for the other; 0 for steps that are built alike, `NEVER` for unrelated ones."""
    size = 0.0 if expected.shape[2:] == got.shape[2:] else OTHER_SIZE
    if expected.operation == got.operation and _is_upsampling(expected) == _is_upsampling(got):
        differing = [name for name in _WEIGHED if expected.options.get(name) != got.options.get(name)]
        return size + 0.3 * len(differing)
    if _is_upsampling(expected) and _is_upsampling(got):
        return size + 0.9
    for one_kind in (_is_downsampling, _is_activation, _is_norm):
        if one_kind(expected) and one_kind(got):
            return size + 0.7
    return NEVER


def labels(reference: Trace) -> dict[int, str]:
    """Names of the reference's steps, by number, from the qualified names of its parameters.

    A layer is called by the last part of its name that no other layer of its
    operation has: `decoder.conv5_3_D.conv.weight` is conv5_3_D's.  Poolings are
    counted, an unpooling is numbered like its pooling, and what has no name is
    named after the layer before it.
    """
    parts = {
        step.number: step.tensors["weight"].name.split(".")[:-1] for step in reference.steps if "weight" in step.tensors
    }
    by_number = {step.number: step for step in reference.steps}
    found: dict[int, str] = {}
    last = "input"
    for step in reference.steps:
        if step.number in parts:
            rivals = {
                part
                for number, others in parts.items()
                if number != step.number and by_number[number].operation == step.operation
                for part in others
            }
            own = [part for part in parts[step.number] if part not in rivals]
            name = own[-1] if own else ".".join(parts[step.number])
            found[step.number] = name if step.operation == CONV else f"{step.operation} of {name}"
            last = name if step.operation == CONV else last
        elif step.operation == POOL:
            last = found[step.number] = f"pool{reference.ordinal(step)}"
        elif step.operation == UNPOOL:
            pool = reference.pool_of(step)
            number = reference.ordinal(pool) if pool is not None else reference.ordinal(step)
            last = found[step.number] = f"unpool{number}"
        else:
            found[step.number] = f"{step.operation} of {last}"
    return found


def describe(step: Step) -> str:
    """A step in the words of torch: `conv2d 3x3, 64 -> 128`."""
    options = step.options
    if step.operation == CONV:
        name = "conv_transpose2d" if step.is_transposed else CONV
        text = f"{name} {_sides(options['kernel_size'])}, {options['in_channels']} -> {options['out_channels']}"
        if step.is_strided:
            text += f", stride {_sides(options['stride'])}"
        if tuple(2 * p + 1 for p in options["own_padding"]) != options["kernel_size"]:
            text += f", padding {_sides(options['own_padding'])}"
        return text if options["groups"] == 1 else f"{text}, groups {options['groups']}"
    if step.operation == NORM:
        return f"batch_norm of {options['channels'][0]} channels" if options["channels"] else NORM
    if step.operation == POOL:
        text = f"max_pool2d {_sides(options['kernel_size'])}"
        return text if options["stride"] == options["kernel_size"] else f"{text}, stride {_sides(options['stride'])}"
    return clean(step.operation, 40)


# Options of which each costs as much as the others when it differs; how a convolution is written costs nothing.
_WEIGHED = frozenset({"in_channels", "out_channels", "kernel_size", "stride", "padding", "groups", "channels"})


def _norm_words(expected: Step, got: Step) -> tuple[Message, Message]:
    if expected.options["training"] != got.options["training"]:
        running, batch = msg("the running statistics"), msg("the statistics of the batch")
        return (batch, running) if expected.options["training"] else (running, batch)
    if expected.options["eps"] != got.options["eps"]:
        return verbatim(f"eps {expected.options['eps']}"), verbatim(f"eps {got.options['eps']}")
    if ("weight" in expected.tensors) != ("weight" in got.tensors):
        with_scale, without = msg("scale and shift"), msg("neither scale nor shift")
        return (with_scale, without) if "weight" in expected.tensors else (without, with_scale)
    return verbatim(describe(expected)), verbatim(describe(got))


def _looks_alike(expected: Step, got: Step) -> bool:
    if expected.operation == NORM == got.operation:
        roles = ("weight", "running_mean")
        if any((role in expected.tensors) != (role in got.tensors) for role in roles):
            return False
        return expected.options == got.options
    return cost(expected, got) < 0.3


def _walk_back(
    best: Sequence[Sequence[float]], wanted: Sequence[Step], found: Sequence[Step]
) -> tuple[tuple[Step | None, Step | None], ...]:
    """The pairs on the cheapest way, from its end to its beginning."""
    pairs: list[tuple[Step | None, Step | None]] = []
    i, j = len(wanted), len(found)
    while i or j:
        here = best[i][j]
        if i and j and abs(best[i - 1][j - 1] + cost(wanted[i - 1], found[j - 1]) - here) < 1e-9:
            pairs.append((wanted[i - 1], found[j - 1]))
            i, j = i - 1, j - 1
        elif i and abs(best[i - 1][j] + _gap(wanted[i - 1]) - here) < 1e-9:
            pairs.append((wanted[i - 1], None))
            i -= 1
        else:
            pairs.append((None, found[j - 1]))
            j -= 1
    return tuple(reversed(pairs))


def _gap(step: Step) -> float:
    return GAP.get(step.operation, OTHER_GAP)


def _is_upsampling(step: Step) -> bool:
    if step.operation == CONV:
        return step.is_strided and step.is_transposed
    return step.operation == UNPOOL or step.operation.startswith(_UPSAMPLING)


def _is_downsampling(step: Step) -> bool:
    if step.operation == CONV:
        return step.is_strided and not step.is_transposed
    return step.operation in (POOL, "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d")


def _is_activation(step: Step) -> bool:
    return step.operation in _ACTIVATIONS


def _is_norm(step: Step) -> bool:
    return step.operation in _NORMS


def _sides(sides: tuple[int, ...]) -> str:
    return "x".join(map(str, sides)) if len(set(sides)) > 1 or len(sides) != 2 else f"{sides[0]}x{sides[1]}"
