"""Sizes, receptive fields and costs: of a list of layers by arithmetic, of any model by watching it run.

    size.py    output sizes, and `Layer`, a row of a layer list
    field.py   receptive fields of a layer list: what one output position sees
    cost.py    learned numbers, multiply-accumulates and activations of a layer list
    trace.py   one forward pass of a model, operator by operator
    sight.py   what each element of a tensor sees of the image
    rule.py    what each operator does to that
    model.py   `survey`: the layers of a model with their shapes, costs and fields
    probe.py   `probe_field`: the field of a model measured by gradients

The first three are integers and load no arrays; `survey` and `probe_field` load torch when they are asked for.
"""

from typing import TYPE_CHECKING, Any

from reference.geometry.cost import conv_macs, conv_parameters, dense_parameters
from reference.geometry.field import ReceptiveField, Step, receptive_field, receptive_field_steps
from reference.geometry.size import Layer, Pair, TransposedLayer, output_size, pair, transposed_output_size

if TYPE_CHECKING:
    from reference.geometry.model import Row, Survey, survey
    from reference.geometry.probe import Region, probe_field

__all__ = [
    "Layer",
    "Pair",
    "ReceptiveField",
    "Region",
    "Row",
    "Step",
    "Survey",
    "TransposedLayer",
    "conv_macs",
    "conv_parameters",
    "dense_parameters",
    "output_size",
    "pair",
    "probe_field",
    "receptive_field",
    "receptive_field_steps",
    "survey",
    "transposed_output_size",
]


def __getattr__(name: str) -> Any:
    if name in ("Row", "Survey", "survey"):
        from reference.geometry import model

        return getattr(model, name)
    if name in ("Region", "probe_field"):
        from reference.geometry import probe

        return getattr(probe, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
