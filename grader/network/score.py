"""What comes out: one score a class and pixel, for any batch, from inputs that stay as they are."""

from __future__ import annotations

import numpy as np

from grader import expect
from grader.compare.array import Array, as_array, difference, shape_text
from grader.expect import Mismatch
from grader.message import msg
from grader.model import Evidence, Label
from grader.network.pair import Image, Pair
from grader.network.weight import fresh_state, typed

SUM_TOLERANCE = 1e-4


def demand_scores(pair: Pair, images: tuple[Image, ...]) -> None:
    """Demand the shape of class scores from the network as it is built, neither labels nor probabilities.

    The scores must depend on the image and on what is learned: a constant of the right shape is no network.
    """
    for image in images:
        pair.rebuild()
        x = pair.input(image, seed=1)
        shape = pair.wanted_scores(x).shape
        got = pair.scores(x)
        plain = as_array(got)
        if plain is not None and plain.shape == (shape[0], *shape[2:]):
            expect.fail(
                msg("The result holds one label a pixel: return the scores of all classes, without argmax."),
                expected=f"y: {shape_text(shape)}",
                got=f"y: {shape_text(plain.shape)}",
            )
        where = msg("for an input of shape {shape}", shape=shape_text(x.shape))
        try:
            _demand_no_softmax(expect.array(got, shape=shape))
        except Mismatch as mismatch:
            raise Mismatch(mismatch.summary, *mismatch.evidence, Evidence(Label.WHERE, where)) from None
    _demand_dependence(pair, images[0])


def demand_steadiness(pair: Pair, images: tuple[Image, ...]) -> None:
    """Demand that calls leave their inputs as they were, and depend neither on other images nor on earlier calls.

    The first of the images must be a batch of two or more.
    """
    inputs = [pair.input(image, seed=7 + number).astype(pair.dtype) for number, image in enumerate(images)]
    pair.rebuild()
    ran = pair.theirs.forward([*inputs, inputs[0]])
    for x, left in zip(inputs, ran.inputs, strict=False):
        if _differ(left, x):
            expect.fail(
                msg("The forward pass changed its input x in place: work on a copy."),
                hint=msg("Operations that end in an underscore, and +=, -=, *=, /=, change their tensor."),
            )
    first = expect.array(ran.outputs[0])
    if len(first) > 1:
        pair.rebuild()
        alone = pair.scores(inputs[0][:1])
        try:
            pair.close(alone, first[:1])
        except Mismatch as mismatch:
            raise Mismatch(
                msg("In evaluation mode the scores of an image depend on the other images of its batch."),
                *mismatch.evidence,
                Evidence(
                    Label.HINT, msg("After eval() batch normalisation must use its running statistics, image by image.")
                ),
            ) from None
    if _differ(ran.outputs[-1], first):
        expect.fail(
            msg("The same input gave another output when it came a second time, in evaluation mode."),
            hint=msg("Make lists and other memories in forward, not in __init__: they must not outlive the call."),
        )


def _demand_dependence(pair: Pair, image: Image) -> None:
    if not pair.their_trace.names:
        expect.fail(msg("Nothing in the network is learned: no operation uses one of its parameters."))

    def scores(*, weights: int, x: int) -> Array:
        pair.rebuild()
        pair.theirs.load(typed(fresh_state(pair.their_trace, seed=weights), pair.dtype))
        return expect.array(pair.scores(pair.input(image, seed=x)))

    first = scores(weights=5, x=1)
    if not _differ(scores(weights=5, x=2), first):
        expect.fail(msg("Two different images got the same scores: the network does not look at its input."))
    if not _differ(scores(weights=6, x=1), first):
        expect.fail(msg("With other weights the scores stay the same: they are not computed with the parameters."))


def _demand_no_softmax(y: Array) -> None:
    if y.shape[1] < 2:
        return
    with np.errstate(over="ignore"):
        is_softmax = bool(np.all(y >= 0)) and bool(np.all(np.abs(y.sum(1) - 1) < SUM_TOLERANCE))
        is_log = bool(np.all(y <= 0)) and bool(np.all(np.abs(np.exp(y).sum(1) - 1) < SUM_TOLERANCE))
    if is_softmax or is_log:
        expect.fail(
            msg("The result holds probabilities: a softmax is inside the network."),
            hint=msg("Return the scores; the loss (cross_entropy) applies the softmax itself."),
        )


def _differ(got: object, wanted: Array) -> bool:
    plain = as_array(got)
    return plain is None or plain.shape != wanted.shape or difference(plain, wanted) is not None
