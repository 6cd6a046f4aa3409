"""Whether maxima come back to their places: an experiment that knows nothing of the layers in between."""

from __future__ import annotations

import numpy as np

from grader import expect
from grader.compare.array import Array, difference
from grader.expect import Mismatch
from grader.message import msg
from grader.model import Evidence, Label
from grader.network import explain
from grader.network.pair import Pair
from grader.network.weight import identity_state, typed

TOLERANCE = 0.05  # of the largest value; the pixels are different integers, and only eps may move them a little


def demand_switches(pair: Pair) -> None:
    """Demand that of every block of the image the largest pixel comes back, where it was.

    With `identity_state` convolutions and normalisation change nothing, whatever
    their number and channels, so that only poolings and unpoolings are at work.
    """
    x = ranks(pair.shape(pair.image))
    pair.mine.load(identity_state(pair.my_trace))
    pair.rebuild()
    pair.theirs.load(typed(identity_state(pair.their_trace), pair.dtype))
    wanted = pair.wanted_scores(x)
    plain = expect.array(pair.scores(x), shape=wanted.shape)
    found = difference(plain, wanted, TOLERANCE * float(np.max(wanted)))
    if found is None:
        return
    bright = TOLERANCE * float(np.max(wanted))
    raise Mismatch(
        explain.switches(pair.alignment),
        Evidence(
            Label.EXPECTED,
            msg(
                "with weights that change nothing, {count} pixels come back to their places, the others are 0",
                count=int(np.count_nonzero(wanted > bright)),
            ),
        ),
        Evidence(Label.GOT, msg("{count} pixels", count=int(np.count_nonzero(plain > bright)))),
        Evidence(
            Label.WHERE,
            msg(
                "first at {place}: expected {wanted}, got {got}",
                place=f"y[{', '.join(map(str, found.index))}]",
                wanted=f"{found.wanted:.6g}",
                got=f"{found.got:.6g}",
            ),
        ),
        *explain.lines(pair.alignment),
    )


def ranks(shape: tuple[int, ...]) -> Array:
    """Images of the integers 1, 2, ... H*W, each once a plane, in a random order."""
    rng = np.random.default_rng(11)
    planes = [rng.permutation(shape[2] * shape[3]) + 1.0 for _ in range(shape[0] * shape[1])]
    return np.array(planes).reshape(shape)
