"""Equal outputs, running statistics and gradients, with weights that the student's process never saw before."""

from __future__ import annotations

from typing import Never

import numpy as np

from grader.compare.array import Array
from grader.expect import Mismatch
from grader.message import msg, verbatim
from grader.model import Evidence, Label
from grader.network import explain
from grader.network.align import Alignment, align
from grader.network.pair import Image, Pair
from grader.network.transplant import Graft

OUTPUT_SEED = 2
GRADIENT_FLOOR = 1e-3  # of the largest gradient: a bias before normalisation has none but rounding errors
BATCH_FACTOR = 1000  # rounding errors grow in gradients through the statistics of few values; measured: below 100


def demand_outputs(pair: Pair, images: tuple[Image, ...], *, training: bool) -> None:
    """Demand the reference's outputs; in training mode also its running statistics afterwards."""
    found, _ = pair.transplant(seed=OUTPUT_SEED)
    inputs = [pair.input(image, seed=20 + number) for number, image in enumerate(images)]
    mine = pair.mine.forward(inputs, training=training)
    theirs = pair.theirs.forward([x.astype(pair.dtype) for x in inputs], training=training)
    for x, wanted, got in zip(inputs, mine.outputs, theirs.outputs, strict=True):
        try:
            pair.close(got, wanted)
        except Mismatch as mismatch:
            _explain(pair, mismatch, x, training=training)
    if training:
        for graft in found.grafts:
            if graft.is_statistic:
                name = f"{graft.role} of {graft.layer}"
                pair.close(theirs.buffers.get(graft.student), mine.buffers[graft.reference], name=name)


def demand_gradients(pair: Pair, image: Image) -> None:
    """Demand the gradients of a weighted sum of the scores, by the input and by every parameter, in both modes."""
    for training in (False, True):
        pair.transplant(seed=4)
        x = pair.input(image, seed=40)
        grad_y = np.random.default_rng(41).standard_normal(pair.wanted_scores(x, training=training).shape)
        found, _ = pair.transplant(seed=4)  # the running statistics have moved
        mine = pair.mine.gradients(x, grad_y, training=training)
        theirs = pair.theirs.gradients(x.astype(pair.dtype), grad_y.astype(pair.dtype), training=training)
        rows = [("grad of x", mine.input, theirs.input)]
        for graft in found.grafts:
            if not graft.is_statistic:
                got = theirs.parameters.get(graft.student)
                rows.append((_name(graft), mine.parameters[graft.reference], _across(graft, got)))
        present = [(name, wanted, got) for name, wanted, got in rows if wanted is not None]
        _compare(pair, present, BATCH_FACTOR if training else 1)


def _compare(pair: Pair, rows: list[tuple[str, Array, Array | None]], factor: int) -> None:
    absent = [name for name, _, got in rows if got is None]
    if absent:
        raise Mismatch(
            msg("No gradient arrives at {count} of {all} tensors.", count=len(absent), all=len(rows)),
            *explain.as_lines(verbatim(name) for name in absent),
            Evidence(
                Label.HINT,
                msg("Look for detach(), .data, .item(), torch.no_grad() and requires_grad=False in the network."),
            ),
        )
    largest = max(float(np.max(np.abs(wanted), initial=0.0)) for _, wanted, _ in rows)
    for name, wanted, got in rows:
        scale = max(float(np.max(np.abs(wanted), initial=0.0)), GRADIENT_FLOOR * largest)
        pair.close(got, wanted, name=name, scale=factor * scale)


def _explain(pair: Pair, mismatch: Mismatch, x: Array, *, training: bool) -> Never:
    """Raise the mismatch with its reason: the architecture diff in this mode, the first layer that goes astray."""
    alignment = pair.alignment
    if training:
        mine, theirs = pair.mine.trace(x, training=True), pair.theirs.trace(x.astype(pair.dtype), training=True)
        alignment = align(mine.trace, theirs.trace)
    layer = _first_difference(pair, alignment, x, training=training)
    where = [Evidence(Label.DETAIL, msg("the first layer whose result differs: {layer}", layer=layer))] if layer else []
    raise Mismatch(
        explain.outputs(alignment, training=training), *mismatch.evidence, *where, *explain.lines(alignment)
    ) from None


def _first_difference(pair: Pair, alignment: Alignment, x: Array, *, training: bool) -> str | None:
    """The reference's name of the first layer whose result differs."""
    steps = [(mine, theirs) for mine, theirs in alignment.pairs if mine is not None and theirs is not None]
    pair.transplant(seed=OUTPUT_SEED)
    wanted = pair.mine.trace(x, training=training, values=[mine.number for mine, _ in steps]).values
    numbers = [theirs.number for _, theirs in steps]
    found = pair.theirs.trace(x.astype(pair.dtype), training=training, values=numbers).values
    for mine, theirs in steps:
        try:
            pair.close(found.get(theirs.number), wanted[mine.number])
        except Mismatch:
            return alignment.labels[mine.number]
    return None


def _across(graft: Graft, value: Array | None) -> Array | None:
    return graft.across(value) if value is not None and value.ndim == 4 else value


def _name(graft: Graft) -> str:
    return f"grad of the {graft.role} of {graft.layer}"
