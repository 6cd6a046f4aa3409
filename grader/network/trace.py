"""What a network did in one forward pass, read from the record that its process made: a hint, never a proof.

The record (`grader.sandbox.guest_model.Recorder`) is a list of torch's own
operators.  Here they become steps in the words of `torch.nn.functional`; views,
allocations and whatever does not work on the image are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_STEPS = 5000
INPUT = -1  # the origin of a value that is the network's input

CONV = "conv2d"
NORM = "batch_norm"
POOL = "max_pool2d"
UNPOOL = "max_unpool2d"
RELU = "relu"
DROPOUT = "dropout"

_NAMES = {
    "convolution": CONV,
    "max_pool2d_with_indices": POOL,
    "native_batch_norm": NORM,
    "cudnn_batch_norm": NORM,
    "_native_batch_norm_legit": NORM,
    "_native_batch_norm_legit_no_training": NORM,
    "_batch_norm_with_update": NORM,
    "_batch_norm_no_update": NORM,
    "native_dropout": DROPOUT,
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
}
# What only looks at the same values in another way.
_PASSING = frozenset(
    {"view", "_unsafe_view", "reshape", "alias", "detach", "clone", "contiguous", "expand", "_to_copy", "lift_fresh"}
    | {"permute", "transpose", "t", "squeeze", "unsqueeze"}
)
# What takes a tensor for its shape, dtype and device alone.
_BLANK = frozenset({"new_zeros", "new_empty", "new_ones", "new_full", "zeros_like", "ones_like", "empty_like"})
_DRAWN = frozenset({"bernoulli", "rand", "rand_like", "randn", "randn_like"})
_ROLES = ("weight", "bias", "running_mean", "running_var")


class UnreadableRecord(Exception):
    """A record that no recorder of ours makes."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A parameter or buffer as a step uses it: its qualified name and the shape it has there."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on the image.

    Args:
        number: Its place in the record.
        operation: Its name in `torch.nn.functional`; a transposed convolution is a `conv2d` too.
        shape: Of its first result.
        options: What else decides what it computes: strides, sides of windows, numbers of channels.
        tensors: The parameters and buffers that it uses, by their role.
        computed: Roles whose tensor was computed from parameters on the way.
        sources: The steps whose results it takes, by their number; `INPUT` is the network's input.
        indices: For an unpooling, the step whose indices it takes.
    """

    number: int
    operation: str
    shape: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()
    indices: int | None = None

    @property
    def is_transposed(self) -> bool:
        """Whether it is a transposed convolution."""
        return bool(self.options.get("transposed", False))

    @property
    def is_strided(self) -> bool:
        """Whether it is a convolution that skips or inserts pixels."""
        return self.operation == CONV and self.options["stride"] != (1, 1)

    @property
    def has_parameters(self) -> bool:
        """Whether anything in it is learned."""
        return bool(self.tensors) or bool(self.computed)


@dataclass(frozen=True, slots=True)
class Trace:
    """The steps in the order in which they ran, and what was noticed about their tensors."""

    steps: tuple[Step, ...]
    unregistered: int = 0  # tensors that would be trained but are no parameters of the module

    def ordinal(self, step: Step) -> int:
        """The how-manieth step of its operation this is, counted from 1."""
        alike = [other.number for other in self.steps if other.operation == step.operation]
        return alike.index(step.number) + 1

    def at(self, number: int | None) -> Step | None:
        """The step of that number."""
        return next((step for step in self.steps if step.number == number), None)

    def pool_of(self, unpool: Step) -> Step | None:
        """The pooling whose indices an unpooling takes, None where they come from elsewhere."""
        source = self.at(unpool.indices)
        return source if source is not None and source.operation == POOL else None

    @property
    def names(self) -> frozenset[str]:
        """Every parameter and buffer that was used."""
        return frozenset(tensor.name for step in self.steps for tensor in step.tensors.values())


def read_trace(record: object) -> Trace:
    """Read a record.

    Raises:
        UnreadableRecord: It is not what a recorder makes.
    """
    if not isinstance(record, list) or len(record) > MAX_STEPS:
        raise UnreadableRecord
    reader = _Reader()
    for number, row in enumerate(record):
        reader.read(number, row)
    return Trace(tuple(reader.steps), len(reader.unregistered))


class _Reader:
    """Follows each value from the operator that made it to those that take it."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.unregistered: set[int] = set()
        self._by_value: dict[int, int] = {0: INPUT}
        self._by_memory: dict[int, int] = {0: INPUT}
        self._learned: set[int] = set()  # values that were computed from parameters alone
        self._drawn: set[int] = set()  # values that were computed from random numbers alone

    def read(self, number: int, row: object) -> None:
        if not isinstance(row, dict):
            raise UnreadableRecord
        operator, arguments, results = row.get("operator"), row.get("arguments"), row.get("results")
        if not (isinstance(operator, str) and isinstance(arguments, dict) and isinstance(results, list)):
            raise UnreadableRecord
        name = operator[:80].rstrip("_")
        taken = [part for value in arguments.values() for part in _tensors_in(value)]
        origins = [origin for part in taken if (origin := self._origin(part)) is not None]
        found = [_result(result) for result in results]
        if name in _BLANK:
            return
        if not origins:
            values = {value for value, _, _ in found}
            if any("parameter" in part or part.get("tensor") in self._learned for part in taken):
                self._learned |= values
            if name in _DRAWN or any(part.get("tensor") in self._drawn for part in taken):
                self._drawn |= values
            return
        self.unregistered.update(part["tensor"] for part in taken if part.get("leaf") is True and "tensor" in part)
        origin = origins[0] if name in _PASSING else number
        for value, memory, _ in found:
            self._by_value[value] = self._by_memory[memory] = origin
        if name not in _PASSING:
            shape = found[0][2] if found else ()
            is_dropout = name == "mul" and any(part.get("tensor") in self._drawn for part in taken)
            operation = DROPOUT if is_dropout else _NAMES.get(name, name)
            self.steps.append(self._step(number, operation, arguments, shape, tuple(origins)))

    def _origin(self, part: Mapping[str, Any]) -> int | None:
        if "parameter" in part:
            return None
        known = self._by_value.get(_integer(part.get("tensor")))
        return known if known is not None else self._by_memory.get(_integer(part.get("memory")))

    def _step(
        self,
        number: int,
        operation: str,
        arguments: Mapping[str, Any],
        shape: tuple[int, ...],
        origins: tuple[int, ...],
    ) -> Step:
        tensors: dict[str, Tensor] = {}
        computed: list[str] = []
        for role, value in arguments.items():
            for part in _tensors_in(value):
                key = role if role in _ROLES else f"{role} {len(tensors)}"
                if "parameter" in part:
                    tensors[key] = Tensor(str(part["parameter"])[:200], _shape(part.get("shape")))
                elif part.get("tensor") in self._learned:
                    computed.append(role)
        operation, options = _options(operation, arguments)
        indices = arguments.get("indices")
        origin = self._origin(indices) if operation == UNPOOL and isinstance(indices, dict) else None
        return Step(number, operation, shape, options, tensors, tuple(computed), origins, origin)


def _options(operation: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The options that tell two steps of an operation apart, and the operation itself if they change its name."""
    if operation == CONV and len(_shape_of(arguments.get("weight"))) != 4:
        return "convolution", {}  # of something that is no image
    if operation == CONV:
        return CONV, _conv_options(arguments)
    if operation == NORM:
        channels = _shape_of(arguments.get("input"))[1:2]
        # A variant without the argument is for one mode only; `legit_no_training` says it in its name.
        training = arguments.get("training") is True
        return NORM, {"channels": channels, "training": training, "eps": arguments.get("eps")}
    if operation == POOL:
        kernel = _pair(arguments.get("kernel_size"))
        stride, padding = arguments.get("stride") or list(kernel), arguments.get("padding") or [0]
        return POOL, {"kernel_size": kernel, "stride": _pair(stride), "padding": _pair(padding)}
    is_relu = (operation == "clamp_min" and arguments.get("min") == 0) or (
        operation == "threshold" and arguments.get("threshold") == 0 and arguments.get("value") == 0
    )
    is_clamp = operation == "clamp" and arguments.get("min") == 0 and arguments.get("max") is None
    return (RELU if is_relu or is_clamp else operation), {}


def _conv_options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Options in a convolution's words: a transposed one of stride 1 is one with padding kernel_size - 1 - padding."""
    shape = _shape_of(arguments.get("weight"))
    transposed = arguments.get("transposed") is True
    stride, padding = _pair(arguments.get("stride")), _pair(arguments.get("padding"))
    dilation, groups = _pair(arguments.get("dilation")), max(1, _integer(arguments.get("groups")))
    kernel_size = (shape[2], shape[3])
    C_out, C_in = (shape[1] * groups, shape[0]) if transposed else (shape[0], shape[1] * groups)
    own_padding = padding
    if transposed and stride == (1, 1):
        padding = (
            dilation[0] * (kernel_size[0] - 1) - padding[0],
            dilation[1] * (kernel_size[1] - 1) - padding[1],
        )
    return {
        "in_channels": C_in,
        "out_channels": C_out,
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "transposed": transposed,
        "own_padding": own_padding,
    }


def _tensors_in(value: object) -> Sequence[dict[str, Any]]:
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return []


def _result(value: object) -> tuple[int, int, tuple[int, ...]]:
    if not isinstance(value, list) or len(value) != 3:
        raise UnreadableRecord
    return _integer(value[0]), _integer(value[1]), _shape(value[2])


def _shape_of(value: object) -> tuple[int, ...]:
    return _shape(value.get("shape")) if isinstance(value, dict) else ()


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 8:
        raise UnreadableRecord
    for item in value:
        _integer(item)
    return tuple(value)


def _pair(value: object) -> tuple[int, int]:
    sides = _shape(value)
    if len(sides) not in (1, 2):
        raise UnreadableRecord
    return sides[0], sides[-1]


def _integer(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**40:
        raise UnreadableRecord
    return value
