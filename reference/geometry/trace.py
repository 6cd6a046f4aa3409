"""One forward pass of a model, written down operator by operator.

The record is made below autograd, at torch's own operators: a module, a function,
a `Sequential` and a class of one's own look the same there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One operator that ran.

    Args:
        operator: Its name, "convolution"; an underscore at the end, for in place, is gone.
        arguments: By the names of the operator's schema; the tensors are the ones that ran.
        results: The tensors that came out.
        written: The tensors that it changed in place.
        is_view: Whether the results share the memory of the first argument.
        is_pointwise: Whether it works on each element by itself, after broadcasting.
        module: Qualified name of the innermost module that was running, "" for the model itself.
    """

    operator: str
    arguments: dict[str, Any]
    results: list[Tensor]
    written: list[Tensor]
    is_view: bool
    is_pointwise: bool
    module: str

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments, in order."""
        return tensors_in(list(self.arguments.values()))

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or what it is if it was left out."""
        return self.arguments.get(name, default)


def tensors_in(value: object) -> list[Tensor]:
    """All tensors in nested lists, tuples and dicts, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for part in value for tensor in tensors_in(part)]
    return []


def record(model: nn.Module, inputs: tuple[Any, ...]) -> tuple[list[Call], Any]:
    """Run the model once in evaluation mode, and return what ran and what came out.

    Every tensor of the pass stays alive as long as the record does, so that no two
    are ever the same object; a large model is recorded on the device `meta`.
    The model's modes are restored.
    """
    recorder = _Recorder()
    with in_evaluation_mode(model), torch.no_grad(), _names_of_modules(model, recorder.running), recorder:
        output = model(*inputs)
    return recorder.calls, output


@contextmanager
def in_evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Evaluate inside, and put every module back into its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's __init_subclass__ has no types
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler to keep it away from the method below

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []
        self.running: list[str] = [""]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        schema = func._schema  # noqa: SLF001 - the only place where an operator keeps its arguments' names
        name = schema.name.removeprefix("aten::").rstrip("_")
        # without values there is nothing to normalise: torch would take 30 operators in Python to find the shape
        is_idle = name in ("native_batch_norm", "_native_batch_norm_legit_no_training") and args[0].is_meta
        result = torch.empty_like(args[0]) if is_idle else func(*args, **kwargs)
        named = {argument.name: value for argument, value in zip(schema.arguments, args, strict=False)} | kwargs
        written = [
            tensor
            for argument in schema.arguments
            if argument.alias_info is not None and argument.alias_info.is_write
            for tensor in tensors_in(named.get(argument.name))
        ]
        is_view = any(out.alias_info is not None and not out.alias_info.is_write for out in schema.returns)
        results = tensors_in(result)
        pointwise = torch.Tag.pointwise in func.tags
        self.calls.append(Call(name, named, results, written, is_view, pointwise, self.running[-1]))
        return (result, *[args[0].new_empty(0)] * 2) if is_idle else result


@contextmanager
def _names_of_modules(model: nn.Module, running: list[str]) -> Iterator[None]:
    """Keep the names of the modules that are running on a stack."""

    def enter(name: str) -> Any:
        return lambda module, args: running.append(name)

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        running.pop()

    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.callback(module.register_forward_pre_hook(enter(name)).remove)
            stack.callback(module.register_forward_hook(leave).remove)
        yield
