"""Our numbers beside the published ones: every net is built on the device `meta`, without memory, and surveyed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from reference import models
from reference.errors import OptionError
from reference.facts import Fact
from reference.geometry import Row, Survey, survey
from reference.geometry.row import Fields
from reference.models import parameter_count
from reference.systems.system import Comparison, Net, Part, Place, System, load_systems


@dataclass(frozen=True, slots=True)
class Compared:
    """A published number beside ours.

    Args:
        comparison: What is compared.
        fact: The published number.
        measured: Ours.
    """

    comparison: Comparison
    fact: Fact
    measured: int

    @property
    def agrees(self) -> bool:
        """Whether both are the same, as far as the publication was rounded."""
        return self.fact.agrees(self.measured)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found in one net.

    Args:
        net: Which one.
        parameters: Learned numbers without those of batch normalisation.
        batch_norm: Scales and shifts of batch normalisation.
        macs: Multiply-accumulate steps for one input.
        activations: Numbers in the outputs of its layers.
        output_shape: Of the last part's first output.
        fields: Receptive fields at the net's `view`, down and to the right; None where they cannot be said.
        compared: Published numbers beside ours.
    """

    net: Net
    parameters: int
    batch_norm: int
    macs: int
    activations: int
    output_shape: tuple[int, ...]
    fields: Fields | None
    compared: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One system with all that was measured."""

    system: System
    measured: tuple[Measured, ...]


def catalogue() -> tuple[Entry, ...]:
    """All systems of the lecture, in its order, measured."""
    return tuple(map(measure_system, load_systems()))


def measure_system(system: System) -> Entry:
    """Measure the nets of one system."""
    return Entry(system, tuple(map(measure, system.nets)))


def measure(net: Net) -> Measured:
    """Build a net and survey it."""
    model = build(net)
    surveys = [_survey(model, part) for part in net.parts]
    plain = parameter_count(model, batch_norm=False)
    everything = parameter_count(model)
    totals = {
        "parameters": plain,
        "parameters with batch norm": everything,
        "MACs": sum(found.macs for found in surveys),
        "activations": sum(found.activations for found in surveys),
    }
    compared = []
    for comparison in net.comparisons:
        quantity, place = comparison.quantity, comparison.place
        if quantity in IN_MODEL and place is not None:
            number = IN_MODEL[quantity](model, str(place.name))
        else:
            number = totals[quantity] if quantity in totals else _at(surveys, place, quantity)
        compared.append(Compared(comparison, comparison.published, number))
    view = surveys[0] if net.view is None else _row(surveys, net.view)
    return Measured(
        net=net,
        parameters=plain,
        batch_norm=everything - plain,
        macs=totals["MACs"],
        activations=totals["activations"],
        output_shape=surveys[-1].output_shape,
        fields=view.fields,
        compared=tuple(compared),
    )


def build(net: Net) -> nn.Module:
    """Make the model without memory for its weights."""
    with torch.device("meta"):
        model: nn.Module = model_class(net.model)(**net.options)
    return model


def model_class(name: str) -> Any:
    """A class by its name in `reference.models`."""
    return getattr(models, name)


def _parameters(model: nn.Module, name: str) -> int:
    """Learned numbers of one module."""
    return parameter_count(model.get_submodule(name), batch_norm=False)


def _numbers(model: nn.Module, name: str) -> int:
    """Numbers of all tensors of a name, learned or not."""
    return sum(tensor.numel() for key, tensor in model.state_dict().items() if key.rpartition(".")[2] == name)


IN_MODEL = {"parameters": _parameters, "numbers": _numbers}


def _survey(model: nn.Module, part: Part) -> Survey:
    return survey(model.get_submodule(part.module), *map(_input, part.inputs))


def _input(value: Any) -> Any:
    if isinstance(value, dict):
        return torch.zeros(value["shape"], dtype=torch.int64, device="meta")
    return value


def _at(surveys: Sequence[Survey], place: Place | None, quantity: str) -> int:
    row = surveys[0] if place is None else _row(surveys, place)
    if quantity == "side":
        return row.output_shape[2]
    if row.fields is None:
        raise OptionError("place", "a layer whose field can be said", repr(place))
    one = row.fields[0]
    return int({"field": one.size, "least field": one.sizes[0], "jump": one.jump, "padding": one.padding}[quantity])


def _row(surveys: Sequence[Survey], place: Place) -> Row:
    rows = [
        row
        for found in surveys
        for row in found.layers
        if place.name in (None, row.name) and place.operation in (None, row.operation)
    ]
    if not -len(rows) <= place.nth < len(rows):
        names = sorted({row.name for found in surveys for row in found.layers})
        raise OptionError("place", "a row of the survey", repr(place), f"there are {', '.join(names)}")
    return rows[place.nth]
