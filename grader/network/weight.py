"""Weights that the host puts into both networks: fresh random ones, and ones that let an image pass unchanged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from grader.compare.array import Array
from grader.network.trace import CONV, NORM, Step, Trace

State = dict[str, Array]
ROLES = ("weight", "bias", "running_mean", "running_var")


def fresh_state(trace: Trace, *, seed: int) -> State:
    """Random weights for every tensor that a trace uses, drawn step by step.

    They keep the size of what flows through: He's rule for weights, scales near
    one, shifts above zero, so that few ReLUs are dead.  Two networks with the
    same steps get the same weights, whatever they call them: what is drawn
    depends on the place in the trace alone, and a transposed convolution gets
    the flipped weights of its twin.
    """
    state: State = {}
    place = 0
    for step in trace.steps:
        if not step.tensors:
            continue
        place += 1
        for role, tensor in step.tensors.items():
            rng = np.random.default_rng([seed, place, ROLES.index(role) if role in ROLES else len(ROLES)])
            if tensor.name not in state:
                state[tensor.name] = _draw(step, role, tensor.shape, rng)
    return state


def identity_state(trace: Trace) -> State:
    """Weights with which every convolution hands its first channels on, and normalisation changes nothing.

    A window's weight is one where the pixel itself lies, which is at `padding`
    from its corner.  What is left of a network then is what moves pixels:
    poolings, unpoolings, and whatever stands in their place.
    """
    state: State = {}
    for step in trace.steps:
        for role, tensor in step.tensors.items():
            value = np.zeros(tensor.shape)
            if step.operation == CONV and role == "weight":
                row, column = (
                    min(p, k - 1) for p, k in zip(step.options["own_padding"], step.options["kernel_size"], strict=True)
                )
                for channel in range(min(tensor.shape[:2])):
                    value[channel, channel, row, column] = 1
            elif step.operation == NORM and role in ("weight", "running_var"):
                value += 1
            elif step.operation not in (CONV, NORM):
                continue
            state[tensor.name] = value
    return state


def flipped(weight: Array) -> Array:
    """The weights of a convolution as its transposed twin of stride 1 has them, and back."""
    return np.ascontiguousarray(weight.swapaxes(0, 1)[:, :, ::-1, ::-1])


def typed(state: Mapping[str, Array], dtype: str) -> State:
    """The state in the dtype that a network computes in."""
    return {name: value.astype(dtype) for name, value in state.items()}


def _draw(step: Step, role: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if step.operation == CONV and role == "weight":
        twin = (shape[1], shape[0], *shape[2:]) if step.is_transposed else shape
        fan_in = max(1, int(np.prod(twin[1:])))
        weight = rng.normal(0, np.sqrt(2 / fan_in), twin)
        return flipped(weight) if step.is_transposed else weight
    if step.operation == NORM and role in ("weight", "running_var"):
        return rng.uniform(0.6, 1.6, shape)
    if step.operation == NORM and role == "bias":
        return rng.uniform(0.0, 0.5, shape)
    if len(shape) > 1:
        return rng.normal(0, np.sqrt(2 / max(1, int(np.prod(shape[1:])))), shape)
    return rng.normal(0, 0.2, shape)
