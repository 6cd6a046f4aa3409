"""What identifies a network's behaviour without any reference: two wrong networks can be compared by it."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.compare.array import as_array
from grader.expect import Mismatch
from grader.network.align import describe
from grader.network.model import Model, of_student
from grader.network.pair import Image
from grader.network.trace import UNPOOL, Trace
from grader.network.weight import fresh_state, typed
from grader.sandbox.host import StudentError
from grader.student import Student


def fingerprint(student: Student, name: str, *images: Image, **kwargs: int) -> dict[str, Any]:
    """Answers that are equal for networks that compute the same, however they are written.

    The weights are drawn from the places of the network's own steps.  A network
    that cannot be run is described by the steps that it took before it raised.
    """
    model = of_student(student, name)
    inputs = [
        np.random.default_rng(n).standard_normal((N, kwargs["in_channels"], H, W)) for n, (N, H, W) in enumerate(images)
    ]
    dtype = "float64"
    try:
        model.build(kwargs, dtype)
        trace = model.trace(inputs[0]).trace
    except StudentError:
        dtype = "float32"
        model.build(kwargs, dtype)
        try:
            trace = model.trace(inputs[0].astype(dtype)).trace
        except StudentError as error:
            return {"raised": error.info.type, "steps": outline(model.partial_trace())}
    state = typed(fresh_state(trace, seed=9), dtype)
    typed_inputs = [x.astype(dtype) for x in inputs]
    answers: dict[str, Any] = {"unregistered": trace.unregistered}
    for training in (False, True):
        model.load(state)
        answers[f"training={training}"] = [_output(model, x, training=training) for x in typed_inputs]
    answers["steady"] = _steadiness(model, typed_inputs[0])
    answers["gradients"] = _gradients(model, trace, typed_inputs[0])
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


def _output(model: Model, x: Any, *, training: bool) -> Any:
    try:
        return as_array(model.forward([x], training=training).outputs[0])
    except StudentError as error:
        return error.info.type


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
