"""What identifies a network's behaviour without any reference: two wrong networks can be compared by it.

Two probes of an exercise: `evaluation` is quick and tells most networks apart, `conduct` the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.compare.array import Array, as_array
from grader.expect import Mismatch
from grader.network.align import describe
from grader.network.model import Model, of_student
from grader.network.pair import Image
from grader.network.trace import UNPOOL, Trace
from grader.network.weight import State, fresh_state, typed
from grader.sandbox.host import StudentError
from grader.student import Student

KEPT_VALUES = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """A network with weights drawn from the places of its own steps, and the record of its first pass."""

    model: Model
    trace: Trace
    state: State
    dtype: str


def evaluation(student: Student, name: str, image: Image, **kwargs: int) -> dict[str, Any]:
    """The output in evaluation mode: equal for networks that compute the same, however they are written.

    A network that cannot be run is described by the steps that it took before it raised.
    """
    x = _input(image, kwargs, seed=0)
    sample = _sample(student, name, x, kwargs)
    if isinstance(sample, dict):
        return sample
    sample.model.load(sample.state)
    output = _output(sample.model, x.astype(sample.dtype), training=False)
    return {"unregistered": sample.trace.unregistered, "output": output}


def conduct(student: Student, name: str, *images: Image, **kwargs: int) -> dict[str, Any]:
    """What the output in evaluation mode does not show: other sizes, training mode, memory, gradients, float32."""
    inputs = [_input(image, kwargs, seed=number) for number, image in enumerate(images)]
    sample = _sample(student, name, inputs[0], kwargs)
    if isinstance(sample, dict):
        return sample
    model, typed_inputs = sample.model, [x.astype(sample.dtype) for x in inputs]
    answers: dict[str, Any] = {}
    for training in (False, True):
        model.load(sample.state)
        answers[f"training={training}"] = [_output(model, x, training=training) for x in typed_inputs]
    answers["steady"] = _steadiness(model, typed_inputs[0])
    answers["gradients"] = _gradients(model, sample.trace, typed_inputs[0])
    model.build(kwargs, "float32")
    answers["float32"] = isinstance(_output(model, inputs[0].astype("float32"), training=False), str)
    return answers


def outline(trace: Trace) -> list[str]:
    """The steps in words."""
    rows = []
    for step in trace.steps:
        row = describe(step).replace("conv_transpose2d", "conv2d") if not step.is_strided else describe(step)
        if step.operation == UNPOOL:
            pool = trace.pool_of(step)
            row += f" of {trace.ordinal(pool)}" if pool is not None else ""
        rows.append(f"{row} {step.shape[2:]}")
    return rows


def _input(image: Image, kwargs: Mapping[str, int], *, seed: int) -> Array:
    N, H, W = image
    return np.random.default_rng(seed).standard_normal((N, kwargs["in_channels"], H, W))


def _sample(student: Student, name: str, x: Array, kwargs: Mapping[str, int]) -> Sample | dict[str, Any]:
    model = of_student(student, name)
    dtype = "float64"
    try:
        model.build(kwargs, dtype)
        trace = model.trace(x).trace
    except StudentError:
        dtype = "float32"
        model.build(kwargs, dtype)
        try:
            trace = model.trace(x.astype(dtype)).trace
        except StudentError as error:
            return {"raised": error.info.type, "steps": outline(model.partial_trace())}
    return Sample(model, trace, typed(fresh_state(trace, seed=9), dtype), dtype)


def _output(model: Model, x: Array, *, training: bool) -> Any:
    """What identifies an output: its shape, its mean square and some of its values; or the exception's type."""
    try:
        y = as_array(model.forward([x], training=training).outputs[0])
    except StudentError as error:
        return error.info.type
    if y is None or not y.size:
        return None
    places = np.random.default_rng(y.size).integers(0, y.size, KEPT_VALUES)
    return [list(y.shape), float(np.mean(np.square(y, dtype=np.float64))), y.ravel()[places]]


def _steadiness(model: Model, x: Any) -> list[bool]:
    """Whether the input is as it was, and whether the output is when the input comes again."""
    try:
        ran = model.forward([x, 2 * x + 1, x])
    except StudentError:
        return []
    return [_equal(ran.inputs[0], x), _equal(ran.outputs[0], ran.outputs[-1])]


def _gradients(model: Model, trace: Trace, x: Any) -> list[bool]:
    """At which tensors a gradient arrives, in the order of the steps; the input is the last."""
    try:
        output = as_array(model.forward([x], training=True).outputs[0])
        found = model.gradients(x, np.ones_like(output), training=True)
    except (StudentError, Mismatch):
        return []
    names = [tensor.name for step in trace.steps for tensor in step.tensors.values()]
    return [found.parameters.get(name) is not None for name in names] + [found.input is not None]


def _equal(left: object, right: object) -> bool:
    first, second = as_array(left), as_array(right)
    return first is not None and second is not None and np.array_equal(first, second)
