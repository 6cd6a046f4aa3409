"""How many parameters the network of the paper's size has, and in which layers they are too many or too few."""

from __future__ import annotations

import math
from collections.abc import Mapping

from grader.expect import Mismatch
from grader.message import Message, msg, verbatim
from grader.model import Evidence, Label
from grader.network import explain
from grader.network.model import Shapes
from grader.network.pair import Pair
from grader.network.trace import Step


def demand_count(pair: Pair, total: int, kwargs: Mapping[str, int]) -> None:
    """Demand the number of parameters; only those count that the forward pass uses."""
    theirs, used = pair.theirs.shapes(kwargs), pair.their_trace.names
    # A name that the small network lacks cannot be judged by its trace: it counts.
    counted = {name: math.prod(shape) for name, shape in theirs.items() if name in used or name not in pair.shapes}
    registered, found = sum(map(math.prod, theirs.values())), sum(counted.values())
    if registered != found:
        pair.remark(
            msg(
                "{name} has {registered} parameters, of which the forward pass uses {used}: only these are counted.",
                name=pair.name,
                registered=f"{registered:,}",
                used=f"{found:,}",
            )
        )
    if found == total:
        return
    call = f"{pair.name}({', '.join(f'{key}={value}' for key, value in kwargs.items())})"
    raise Mismatch(
        msg("The number of parameters differs by {difference}.", difference=f"{found - total:+,}"),
        Evidence(Label.EXPECTED, verbatim(f"{call}: {total:,}")),
        Evidence(Label.GOT, verbatim(f"{call}: {found:,}")),
        *explain.as_lines(_by_layer(pair, pair.mine.shapes(kwargs), counted)),
    )


def _by_layer(pair: Pair, mine: Shapes, counted: Mapping[str, int]) -> list[Message]:
    """The layers whose numbers differ; missing biases in one sentence, weights that serve twice count once."""
    rows: list[Message] = []
    biases: list[int] = []
    seen: set[str] = set()
    for expected, got in pair.alignment.pairs:
        wanted = {role: math.prod(mine[name]) for role, name in _names(expected).items() if name in mine}
        found = {r: counted[name] for r, name in _names(got).items() if name in counted and name not in seen}
        seen |= set(_names(got).values())
        if "bias" in wanted and "bias" not in found and wanted == found | {"bias": wanted["bias"]}:
            biases.append(wanted["bias"])
        elif wanted != found:
            step = expected or got
            label = pair.alignment.labels[expected.number] if expected else _own_name(got)
            if step is not None:
                rows.append(
                    msg(
                        "{layer}: expected {wanted}, got {got}",
                        layer=label,
                        wanted=f"{sum(wanted.values()):,}",
                        got=f"{sum(found.values()):,}",
                    )
                )
    if biases:
        text = msg(
            "{count} layers have no bias: {missing} parameters are missing.",
            count=len(biases),
            missing=f"{sum(biases):,}",
        )
        rows.insert(0, text)
    return rows


def _names(step: Step | None) -> dict[str, str]:
    return {role: tensor.name for role, tensor in step.tensors.items()} if step is not None else {}


def _own_name(step: Step | None) -> str:
    return ", ".join(sorted(_names(step).values()))[:80] if step is not None else ""
