"""Why two networks disagree, in sentences: the architecture diff as lines of evidence, the telling line first."""

from __future__ import annotations

from collections.abc import Iterable

from grader.message import Message, msg
from grader.model import Evidence, Label
from grader.network.align import Alignment
from grader.network.trace import CONV, NORM, POOL, UNPOOL, Step, Trace

MAX_LINES = 6


def lines(alignment: Alignment) -> tuple[Evidence, ...]:
    """The architecture diff."""
    return as_lines(difference.message for difference in alignment.differences())


def as_lines(messages: Iterable[Message]) -> tuple[Evidence, ...]:
    """Sentences as lines of evidence; what does not fit is counted."""
    found = list(messages)
    shown = [Evidence(Label.DETAIL, message) for message in found[:MAX_LINES]]
    if len(found) > MAX_LINES:
        shown.append(Evidence(Label.DETAIL, msg("and {count} differences more", count=len(found) - MAX_LINES)))
    return tuple(shown)


def switches(alignment: Alignment) -> Message:
    """The first reason why pixels do not come back to where they were."""
    for difference in alignment.differences():
        expected, got = difference.expected, difference.got
        if _uses_batch_in_evaluation(expected, got):
            return msg("In evaluation mode the batch normalisation still uses the statistics of the batch.")
        if expected is None or expected.operation not in (POOL, UNPOOL):
            continue
        if expected.operation == POOL:
            return msg(
                "The picture is not made smaller by max-pooling everywhere: {difference}", difference=difference.message
            )
        if got is None or got.operation != UNPOOL:
            return msg("The decoder does not unpool with the switches: {difference}", difference=difference.message)
        return msg("An unpooling takes the switches of another pooling: {difference}", difference=difference.message)
    for difference in alignment.differences():
        if difference.expected is not None and difference.got is not None and difference.expected.operation == CONV:
            return msg("A convolution moves the pixels or loses some: {difference}", difference=difference.message)
    return msg("The maxima do not come back to where the poolings found them.")


def outputs(alignment: Alignment, *, training: bool) -> Message:
    """Why the outputs differ on the same weights."""
    for difference in alignment.differences():
        if not training and _uses_batch_in_evaluation(difference.expected, difference.got):
            return msg("In evaluation mode the batch normalisation still uses the statistics of the batch.")
        if training and _uses_running_in_training(difference.expected, difference.got):
            return msg("In training mode the batch normalisation must use the statistics of the batch.")
    last = alignment.pairs[-1] if alignment.pairs else (None, None)
    if last[0] is None and last[1] is not None and not last[1].has_parameters:
        return msg(
            "With the same weights the outputs differ: after the last layer comes {operation}, where nothing belongs.",
            operation=last[1].operation,
        )
    first = next(iter(alignment.differences()), None)
    if first is not None:
        return msg("With the same weights the outputs differ: {difference}", difference=first.message)
    return msg("With the same weights and the same layers the outputs differ.")


def wrong_switches(reference: Trace, partial: Trace) -> Message | None:
    """The wrong switches of the unpooling in which a network raised, None where it raised for another reason."""
    if not partial.steps or partial.steps[-1].operation != UNPOOL:
        return None
    step = partial.steps[-1]
    k = partial.ordinal(step)
    twin = next(
        (other for other in reference.steps if other.operation == UNPOOL and reference.ordinal(other) == k), None
    )
    wanted = reference.pool_of(twin) if twin is not None else None
    used = partial.pool_of(step)
    if wanted is None or used is None or reference.ordinal(wanted) == partial.ordinal(used):
        return None
    return msg(
        "An unpooling takes the switches of another pooling: {k} in the order of execution, expected the indices of "
        "pool{wanted}, got those of pool{got}",
        k=k,
        wanted=reference.ordinal(wanted),
        got=partial.ordinal(used),
    )


def is_transposed(alignment: Alignment) -> bool:
    """Whether some convolution is written as its transposed twin, or the other way round."""
    return any(
        expected is not None
        and got is not None
        and expected.operation == CONV == got.operation
        # of stride 1: others are not twins
        and expected.is_transposed != got.is_transposed
        for expected, got in alignment.pairs
    )


def _uses_batch_in_evaluation(expected: Step | None, got: Step | None) -> bool:
    return _both_norms(expected, got) and bool(got and got.options["training"])


def _uses_running_in_training(expected: Step | None, got: Step | None) -> bool:
    return _both_norms(expected, got) and not bool(got and got.options["training"])


def _both_norms(expected: Step | None, got: Step | None) -> bool:
    return expected is not None and got is not None and expected.operation == NORM == got.operation
