"""UNTRUSTED: work on a student's PyTorch module behind the wall.

One model at a time.  `model.build` makes it from its class and arguments; the other requests are about it:

    model.trace       run it once and record every operation, with its tensors and parameters
    model.steps       what the last trace recorded, also when the model raised in the middle
    model.load        set parameters and buffers by name
    model.forward     run it on several batches, one after another
    model.gradients   the gradients of sum(output * grad_y)
    model.train       steps of gradient descent on one batch with cross entropy
    model.shapes      parameters of a model of another size, which is neither kept nor, if it can be avoided, allocated

The record is made below autograd, at torch's own operators: a module, a
function, a Sequential and a class of the student's look the same there.
The host runs this file too, on the reference: both sides are asked in one way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

MAX_STEPS = 3000  # of a record; a network of the lecture has less than a hundred
DTYPES = {"float32": torch.float32, "float64": torch.float64}


class Definitions(Protocol):
    """Where the classes are looked up: the student's module."""

    def lookup(self, name: str) -> Any:
        """The object of that name."""
        ...


def warm_up(training: bool, optimizers: bool = False) -> None:
    """Take one thread, and pay before the limits come down for what the first traced training step loads.

    Args:
        optimizers: Also for the 800 modules that the first step of any of torch's own optimizers loads.
    """
    torch.set_num_threads(1)
    if training:
        model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU())
        with Recorder(model, torch.zeros(2, 1, 2, 2)) as recorder:
            y, switches = F.max_pool2d(model(recorder.x), 2, return_indices=True)
            F.max_unpool2d(y, switches, [2, 2], output_size=[2, 2])  # checks the size with sympy, which it then loads
        _descend(model, torch.zeros(2, 1, 2, 2), torch.zeros(2, 2, 2, dtype=torch.int64), steps=1, lr=0.1, momentum=0.9)
    if optimizers:
        torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1).step()
    torch.manual_seed(0)  # last: a guest that was forked warm begins with the same random numbers


class Models:
    """The module that the host has asked for last."""

    def __init__(self, student: Definitions) -> None:
        self._student = student
        self._model: nn.Module = nn.Identity()
        self._steps: list[dict[str, Any]] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request whose `op` begins with `model.`."""
        verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "model.build": self.build,
            "model.trace": self.trace,
            "model.steps": self.steps,
            "model.load": self.load,
            "model.forward": self.forward,
            "model.gradients": self.gradients,
            "model.train": self.train,
            "model.shapes": self.shapes,
        }
        with _own_random_numbers():
            return verbs[request["op"]](request)

    def build(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make the model; where its constructor takes other arguments, say which."""
        maker = self._student.lookup(request["name"])
        call = _binding(maker, request["kwargs"])
        if call is None:
            return {"signature": _parameter_names(maker)}
        model = maker(*call[0], **call[1])
        if not isinstance(model, nn.Module):
            return {"type": type(model).__name__}
        self._model = model.to(DTYPES[request["dtype"]])
        return {"by_position": _parameter_names(maker) if call[0] else [], "parameters": _shapes(self._model)}

    def trace(self, request: dict[str, Any]) -> dict[str, Any]:
        """Record one forward pass; `values` numbers the steps whose results come along."""
        self._model.train(request["training"])
        recorder = Recorder(self._model, _tensor(request["x"]), frozenset(request["values"]))
        self._steps = recorder.steps
        with torch.no_grad(), recorder:
            output = _scores(self._model(recorder.x))
        return {"output": _sendable(output), "steps": recorder.steps, "values": recorder.values}

    def steps(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the last trace recorded before it ended or raised."""
        return {"steps": self._steps}

    def load(self, request: dict[str, Any]) -> dict[str, Any]:
        """Set parameters and buffers; a name that the model does not have raises."""
        state = _state(self._model)
        with torch.no_grad():
            for name, array in request["state"].items():
                if tuple(state[name].shape) != array.shape:
                    raise ValueError(f"{name}: expected shape {tuple(state[name].shape)}, got {array.shape}")
                state[name].copy_(torch.from_numpy(array))
        return {}

    def forward(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the model on each input; return the outputs, the inputs as the model left them, and the buffers."""
        self._model.train(request["training"])
        inputs = [_tensor(x) for x in request["inputs"]]
        with torch.no_grad():
            outputs = [_sendable(_scores(self._model(x))) for x in inputs]
        buffers = {name: _sendable(buffer) for name, buffer in self._model.named_buffers()}
        return {"outputs": outputs, "inputs": [_sendable(x) for x in inputs], "buffers": buffers}

    def gradients(self, request: dict[str, Any]) -> dict[str, Any]:
        """The gradients of sum(output * grad_y) with respect to parameters and input; None where there is none."""
        self._model.train(request["training"])
        x = _tensor(request["x"]).requires_grad_()
        named = dict(self._model.named_parameters())
        wanted = {name: parameter for name, parameter in named.items() if parameter.requires_grad}
        output = self._model(x)
        total = (_scores(output) * _tensor(request["grad_y"])).sum() if isinstance(_scores(output), Tensor) else None
        found: list[Tensor | None] = [None] * (len(wanted) + 1)
        if total is not None and total.requires_grad:
            found = list(torch.autograd.grad(total, [*wanted.values(), x], allow_unused=True))
        by_name = dict(zip(wanted, found, strict=False))
        return {
            "parameters": {name: _sendable(by_name.get(name)) for name in named},
            "input": _sendable(found[-1]),
        }

    def train(self, request: dict[str, Any]) -> dict[str, Any]:
        """Train on one batch, on the device; return the parameters and buffers afterwards."""
        self._model.to(device=request["device"], dtype=torch.float32)
        self._model.train(True)
        x = _tensor(request["x"]).to(device=request["device"], dtype=torch.float32)
        labels = _tensor(request["labels"]).to(request["device"])
        _descend(self._model, x, labels, steps=request["steps"], lr=request["lr"], momentum=request["momentum"])
        return {"state": {name: _sendable(tensor) for name, tensor in _state(self._model).items()}}

    def shapes(self, request: dict[str, Any]) -> dict[str, Any]:
        """Shapes of the parameters of a model of another size, built without memory if its constructor permits."""
        maker = self._student.lookup(request["name"])
        call = _binding(maker, request["kwargs"])
        if call is None:
            return {"signature": _parameter_names(maker)}
        try:
            with torch.device("meta"):
                return {"parameters": _shapes(maker(*call[0], **call[1]))}
        except Exception:  # it computes with its initial weights, or moves them: then it must be allocated
            return {"parameters": _shapes(maker(*call[0], **call[1]))}


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's __init_subclass__ has no types
    """Records every operator that runs, as data.

    A tensor is a number: the same one as long as it holds the same values, so
    that an operator in place gives its tensor a new number; its memory is another
    number, which views share.  Parameters and buffers go by their names.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler, 800 modules, to keep it away from the method below

    def __init__(self, model: nn.Module, x: Tensor, wanted: frozenset[int] = frozenset()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.x = x
        self.steps: list[dict[str, Any]] = []
        self.values: list[list[Any]] = []
        self._wanted = wanted
        self._names = {_address(tensor): name for name, tensor in _state(model).items() if tensor.numel()}
        self._numbers: dict[int, int] = {id(x): 0}
        self._memories: dict[int, int] = {_address(x): 0}
        self._next = 1
        self._kept: list[Tensor] = [x]  # as long as they live, no other tensor gets their id or their memory

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator and write it down."""
        kwargs = kwargs or {}
        if len(self.steps) >= MAX_STEPS:
            return func(*args, **kwargs)
        schema = func._schema  # noqa: SLF001 - the only place where an operator keeps its arguments' names
        named = {argument.name: value for argument, value in zip(schema.arguments, args, strict=False)} | kwargs
        step: dict[str, Any] = {
            "operator": schema.name.removeprefix("aten::"),
            "arguments": {name: self._describe(value) for name, value in named.items()},
            "results": [],
        }
        number = len(self.steps)
        self.steps.append(step)  # before it runs: the one that raises is the most interesting
        result = func(*args, **kwargs)
        tensors = [part for part in (result if isinstance(result, (tuple, list)) else [result]) if _is_tensor(part)]
        step["results"] = [[self._number(tensor), self._memory(tensor), list(tensor.shape)] for tensor in tensors]
        if number in self._wanted and tensors:
            self.values.append([number, _sendable(tensors[0].detach().clone())])
        return result

    def _describe(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            name = self._names.get(_address(value)) if id(value) not in self._numbers else None
            if name is not None:
                return {"parameter": name, "shape": list(value.shape)}
            known = id(value) in self._numbers
            number = self._numbers[id(value)] if known else self._number(value)
            return {
                "tensor": number,
                "memory": self._memory(value),
                "shape": list(value.shape),
                "leaf": not known and value.requires_grad and value.is_leaf,
            }
        if isinstance(value, (list, tuple)):
            return [self._describe(item) for item in value[:16]]
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        return type(value).__name__

    def _number(self, tensor: Tensor) -> int:
        self._kept.append(tensor)
        self._numbers[id(tensor)] = self._next
        self._next += 1
        return self._next - 1

    def _memory(self, tensor: Tensor) -> int:
        return self._memories.setdefault(_address(tensor), len(self._memories))


def _descend(model: nn.Module, x: Tensor, labels: Tensor, *, steps: int, lr: float, momentum: float) -> None:
    """SGD with momentum, written out: torch's own optimizers import the compiler, which costs more than the steps."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    speed = [torch.zeros_like(parameter) for parameter in parameters]
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = None
        F.cross_entropy(_scores(model(x)), labels).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for parameter, velocity in zip(parameters, speed, strict=True):
                if parameter.grad is not None:
                    velocity.mul_(momentum).add_(parameter.grad)
                    parameter.sub_(velocity, alpha=lr)


def _binding(maker: Any, kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """How to pass the arguments: by name; by position if there are as many, under names that mean nothing else here."""
    try:
        signature = inspect.signature(maker)
    except (TypeError, ValueError):
        return (), kwargs
    try:
        signature.bind(**kwargs)
    except TypeError:
        names = _parameter_names(maker)
        fits = len(names) == len(kwargs) and all(
            name == wanted or name not in kwargs for name, wanted in zip(names, kwargs, strict=True)
        )
        try:
            signature.bind(*kwargs.values())
        except TypeError:
            fits = False
        return (tuple(kwargs.values()), {}) if fits else None
    return (), kwargs


def _parameter_names(maker: Any) -> list[str]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, one in inspect.signature(maker).parameters.items() if one.kind in positional][:20]


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """The same random numbers for every request, and none taken from whoever runs this file."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def _state(model: nn.Module) -> dict[str, Tensor]:
    return dict(model.named_parameters()) | dict(model.named_buffers())


def _shapes(model: nn.Module) -> list[list[Any]]:
    return [[name, list(parameter.shape)] for name, parameter in model.named_parameters()]


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _scores(output: Any) -> Any:
    """The tensor that a model returns; the first one of a tuple, a list or a dict."""
    if isinstance(output, dict) and output:
        return next(iter(output.values()))
    return output[0] if isinstance(output, (tuple, list)) and output else output


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array))


def _sendable(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().to("cpu").resolve_conj().resolve_neg().numpy().copy()
    return value
