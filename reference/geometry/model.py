"""The layers of any model, found by watching it run once: shapes, learned numbers, work, receptive fields."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from reference.errors import OptionError
from reference.geometry import layout
from reference.geometry.memory import Memory
from reference.geometry.row import (
    AVERAGE_POOLING,
    CONVOLUTION,
    DENSE,
    GLOBAL_POOLING,
    MAX_POOLING,
    NORMALISATION,
    TRANSPOSED,
    UNPOOLING,
    UPSAMPLING,
    Fields,
    Row,
    Survey,
)
from reference.geometry.rule import reduced_dims, sight_after
from reference.geometry.sight import BLIND, Sight, image_sight, united
from reference.geometry.size import TransposedLayer
from reference.geometry.trace import Call, record, tensors_in
from reference.geometry.window import layers_of_pooling, sight_through

# torch's operators -> what they are called in a row; what is in none of the tables has no row
OPERATIONS = {
    "max_pool2d_with_indices": MAX_POOLING,
    "avg_pool2d": AVERAGE_POOLING,
    "_adaptive_avg_pool2d": AVERAGE_POOLING,
    "adaptive_max_pool2d": MAX_POOLING,
    "max_unpool2d": UNPOOLING,
    "upsample_nearest2d": UPSAMPLING,
    "upsample_bilinear2d": UPSAMPLING,
    "native_batch_norm": NORMALISATION,
    "_native_batch_norm_legit": NORMALISATION,
    "_native_batch_norm_legit_no_training": NORMALISATION,
    "cudnn_batch_norm": NORMALISATION,
    "_softmax": "softmax",
    "embedding": "embedding",
    "cat": "concatenation",
    "relu": "relu",
    "leaky_relu": "leaky relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
}
LEARNED_OPERATIONS = {"mul": "scale", "add": "shift"}  # by something learned, as in a sub-sampling layer
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot")


def survey(model: nn.Module, *inputs: Any) -> Survey:
    """List the layers of a model: run it once, and watch torch's operators.

    How the model is organised does not matter: modules, functions, own classes.
    It runs in evaluation mode and without gradients on its own device; under
    `torch.device("meta")` any size costs neither memory nor work.

    Receptive fields refer to the first argument, the image, and follow every
    operator: windows of convolutions and poolings, their reverses, branches that are
    added or concatenated, crops, views, products over positions.  A dense layer and a global
    pooling see all that their input sees.  Where a field depends on numbers, as
    in RoI pooling, it is None from there on.

    Args:
        model: Any module; it is left as it was.
        inputs: The arguments of its forward; a tuple or list of integers stands for a tensor of zeros of that shape.

    Raises:
        OptionError: There are no inputs, or the model returns no tensor.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5))
        >>> found = survey(net, (1, 1, 32, 32))
        >>> found.macs, found.parameters, found.field.size
        (357600, 2572, 14)
        >>> [(row.name, row.operation, row.field.jump) for row in found.layers]
        [('0', 'convolution', 1), ('1', 'max pooling', 2), ('2', 'convolution', 2)]

    Source:
        Recurrences: Araujo, Norris and Sim, Distill 2019, doi:10.23915/distill.00021.
    """
    if not inputs:
        raise OptionError("inputs", "a shape or a tensor for each argument of forward", "none")
    tensors = tuple(on_device(model, value) for value in inputs)
    calls, output = record(model, tensors)
    outputs = tensors_in(output)
    if not outputs:
        raise OptionError("model", "a module that returns a tensor, or several", repr(type(output).__name__))
    replay = _Replay(model, tensors)
    for call in calls:
        replay.follow(call)
    used = {name: replay.parameters[name].numel() for name in replay.used}
    return Survey(
        layers=tuple(replay.rows),
        parameters=sum(used.values()),
        fields=replay.fields(outputs[0]),
        output_shape=tuple(outputs[0].shape),
        bytes_each=next((tensor.element_size() for tensor in tensors_in(tensors)), 0),
    )


def on_device(model: nn.Module, value: Any) -> Any:
    """An argument of a model on its device; a shape becomes zeros of its dtype."""
    state = [*model.parameters(), *model.buffers()]
    device = state[0].device if state else torch.device("cpu")
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, (tuple, list)) and value and all(type(side) is int for side in value):
        dtype = next((tensor.dtype for tensor in state if tensor.is_floating_point()), torch.float32)
        return torch.zeros(tuple(value), dtype=dtype, device=device)
    if isinstance(value, (tuple, list)):
        return type(value)(on_device(model, part) for part in value)
    return value


class _Replay:
    """Goes through a record and knows of every tensor what it sees, what is learned in it, and whether it was fed."""

    def __init__(self, model: nn.Module, inputs: tuple[Any, ...]) -> None:
        self.parameters = dict(model.named_parameters())
        self.rows: list[Row] = []
        self.used: dict[str, None] = {}
        self._learned = {id(parameter): {name: None} for name, parameter in self.parameters.items()}
        fed = tensors_in(inputs)
        self._fed = {id(tensor) for tensor in fed}
        self._sights: dict[int, Sight | None] = {id(tensor): BLIND for tensor in fed}
        for image in tensors_in(inputs[0])[:1]:
            if image.ndim >= 3:
                self._sights[id(image)] = image_sight(image.shape)
        self._unpoolings: dict[int, list[TransposedLayer]] = {}  # by the switches of the pooling
        self._memory = Memory()

    def fields(self, tensor: Tensor) -> Fields | None:
        """What a tensor sees."""
        sight = self._see(tensor)
        return None if sight is None or sight.axes is None else (sight.axes[0].field, sight.axes[1].field)

    def follow(self, call: Call) -> None:
        """Take one call into account."""
        operands = call.tensors
        learned = {name: None for tensor in operands for name in self._learned.get(id(tensor), ())}
        fed = any(id(tensor) in self._fed for tensor in operands)
        sight = self._sight_after(call)
        self._memory.note(call)
        for tensor in call.written:
            self._overwrite(tensor, sight)
        relatives = [other for tensor in call.written for other in self._memory.relatives(tensor)]
        for tensor in [*call.results, *call.written]:
            self._sights[id(tensor)] = sight
        for tensor in [*call.results, *call.written, *relatives]:
            if fed:
                self._fed.add(id(tensor))
            elif learned:
                self._learned[id(tensor)] = self._learned.get(id(tensor), {}) | learned
        if fed:
            self._write_down(call, learned)

    def _see(self, tensor: Tensor) -> Sight | None:
        return self._sights.get(id(tensor), BLIND)

    def _sight_after(self, call: Call) -> Sight | None:
        if call.operator == "max_pool2d_with_indices":
            self._unpoolings[id(call.results[1])] = layers_of_pooling(TransposedLayer, call)
        if call.operator == "max_unpool2d":
            x, switches = call.tensors
            layers, sight = self._unpoolings.get(id(switches)), self._see(x)
            return sight_through(layers, sight, x, call.results[0]) if layers and sight else None
        return sight_after(call, [self._see(tensor) for tensor in call.tensors])

    def _overwrite(self, tensor: Tensor, sight: Sight | None) -> None:
        """What shares memory with a tensor that is written to, sees something else from now on."""
        if sight == self._see(tensor):
            return
        place, together = self._memory.piece(tensor), None
        if place is not None and sight is not None:
            before = self._see(place.whole)
            piece = layout.surrounded(sight, place.starts, place.whole.shape)
            together = united([before, piece]) if before and piece else None
        for other in self._memory.relatives(tensor):
            self._sights[id(other)] = together if self._memory.is_whole(other) else None

    def _write_down(self, call: Call, learned: dict[str, None]) -> None:
        operation = self._operation(call, learned)
        self.used.update(learned)
        if operation is None or not call.results:
            return
        x = next(tensor for tensor in call.tensors if id(tensor) in self._fed)
        self.rows.append(
            Row(
                name=_owner(learned) or call.module,
                operation=operation,
                input_shape=tuple(x.shape),
                output_shape=tuple(call.results[0].shape),
                parameters=sum(self.parameters[name].numel() for name in learned),
                macs=_macs(call, operation),
                fields=self.fields(call.results[0]),
            )
        )

    def _operation(self, call: Call, learned: dict[str, None]) -> str | None:
        if call.operator == "convolution":
            return TRANSPOSED if call.get("transposed") else CONVOLUTION
        if call.operator in PRODUCTS:
            return DENSE if learned else None  # attention multiplies what it has computed
        if call.operator in ("mean", "amax"):
            return GLOBAL_POOLING if self._is_global(call) else None
        if call.operator == "add" and sum(id(tensor) in self._fed for tensor in call.tensors) > 1:
            return "addition"
        if call.operator in LEARNED_OPERATIONS:
            return LEARNED_OPERATIONS[call.operator] if learned else None
        return OPERATIONS.get(call.operator)

    def _is_global(self, call: Call) -> bool:
        x = call.tensors[0]
        sight = self._see(x)
        dims = (2, 3) if sight is None and x.ndim == 4 else sight.dims if sight else ()
        over_image = {dim for dim in dims if dim is not None}
        return bool(over_image) and over_image <= set(reduced_dims(call))


def _owner(learned: Iterable[str]) -> str:
    """The module whose weight and bias these are; a parameter that is called otherwise stands for itself."""
    name = next(iter(learned), "")
    owner, _, last = name.rpartition(".")
    return owner if owner and last in ("weight", "bias") else name


def _macs(call: Call, operation: str) -> int:
    if operation in (CONVOLUTION, TRANSPOSED):
        # every position of the output, or of the input where it is spread out, meets one filter per channel
        x, weight = call.get("input"), call.get("weight")
        places = x if operation == TRANSPOSED else call.results[0]
        return int(places.shape[0] * math.prod(places.shape[2:]) * weight.numel())
    if operation == DENSE:
        a, _ = call.tensors[-2:]
        return call.results[0].numel() * a.shape[-1]
    return 0
