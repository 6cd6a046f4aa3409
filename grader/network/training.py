"""The smoke test: a few steps of training on the device, whose result is measured by the host."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from grader import expect
from grader.compare.array import Array
from grader.expect import Mismatch
from grader.message import msg, verbatim
from grader.model import Evidence, Label
from grader.network import explain
from grader.network.model import Model
from grader.network.pair import Image, Pair
from grader.network.weight import State

MOVES = 1e-6  # of the largest gradient: a smaller one may leave a float32 weight where it is
NOISE = 0.3


@dataclass(frozen=True, slots=True)
class Smoke:
    """How the smoke test trains.

    Args:
        steps: Steps of gradient descent, all on the same batch.
        lr: Learning rate.
        momentum: Part of the last step that is taken again.
        factor: The loss must fall below this part of the first one.
        block: Side of the squares of one class, in pixels.
    """

    steps: int
    lr: float
    momentum: float
    factor: float
    block: int


def demand_training(pair: Pair, smoke: Smoke, image: Image, device: str) -> None:
    """Demand that training lowers the loss and moves every weight.

    The weights come back over the wall; the loss is the reference's with these weights, computed here.
    """
    found, state = pair.transplant(seed=8, dtype="float32")
    x, labels = task(pair.shape(image), pair.kwargs["num_classes"], smoke.block)
    before, grad_y = _loss(pair.mine, x, labels)
    found_gradients = pair.mine.gradients(x, grad_y, training=True).parameters
    gradients = {name: value for name, value in found_gradients.items() if value is not None}
    returned = pair.theirs.train(
        x.astype(np.float32), labels, steps=smoke.steps, lr=smoke.lr, momentum=smoke.momentum, device=device
    )
    trained: State = dict(state)
    still = []
    largest = max(float(np.max(np.abs(value))) for value in gradients.values())
    for graft in found.grafts:
        shape = graft.across(state[graft.reference]).shape
        got = expect.array(returned.get(graft.student), shape=shape, name=f"{graft.role} of {graft.layer}")
        trained[graft.reference] = graft.across(got).astype(np.float64)
        gradient = gradients.get(graft.reference)
        moves = gradient is not None and float(np.max(np.abs(gradient))) > MOVES * largest
        if moves and np.array_equal(trained[graft.reference].astype(np.float32), _float32(state[graft.reference])):
            still.append(f"{graft.role} of {graft.layer}")
    if still:
        raise Mismatch(
            msg("Training left {count} tensors as they were.", count=len(still)),
            *explain.as_lines(map(verbatim, still)),
        )
    pair.mine.load(trained)
    after, _ = _loss(pair.mine, x, labels)
    if not (math.isfinite(after) and after <= smoke.factor * before):
        raise Mismatch(
            msg("After {steps} steps of training the loss has not fallen enough.", steps=smoke.steps),
            Evidence(Label.EXPECTED, msg("at most {wanted:.4g}", wanted=smoke.factor * before)),
            Evidence(Label.GOT, msg("from {before:.4g} to {after:.4g}", before=before, after=after)),
        )


def task(shape: tuple[int, int, int, int], classes: int, block: int) -> tuple[Array, Array]:
    """Images of coloured squares, a class a colour, with noise: (N, C, H, W), and the labels (N, H, W)."""
    rng = np.random.default_rng(80)
    N, C, H, W = shape
    squares = rng.integers(0, classes, (N, -(-H // block), -(-W // block)))
    labels = squares.repeat(block, 1).repeat(block, 2)[:, :H, :W]  # (N, H, W)
    colours = rng.uniform(-2, 2, (classes, C))
    x = colours[labels].transpose(0, 3, 1, 2) + rng.normal(0, NOISE, shape)
    return np.ascontiguousarray(x), np.ascontiguousarray(labels)


def _loss(reference: Model, x: Array, labels: Array) -> tuple[float, Array]:
    """The reference's loss on the batch in training mode, and its gradient by the scores."""
    output = reference.forward([x], training=True).outputs[0]
    scores = torch.from_numpy(np.asarray(output)).requires_grad_()
    loss = F.cross_entropy(scores, torch.from_numpy(labels))
    [grad_y] = torch.autograd.grad(loss, scores)
    return float(loss.detach()), grad_y.numpy()


def _float32(value: Array) -> Array:
    return value.astype(np.float32)
