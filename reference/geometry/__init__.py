"""Sizes, receptive fields and costs: of a list of layers by arithmetic, of any model by watching it run.

    size.py    output sizes, and `Layer`, a row of a layer list
    field.py   receptive fields of a layer list: what one output position sees
    cost.py    learned numbers, multiply-accumulates and activations of a layer list

The three above are integers and load no arrays.  Below, torch is loaded when a name is asked for.

    trace.py   one forward pass of a model, operator by operator
    sight.py   what the elements of a tensor see of the image
    rule.py    what each operator does to that; its rules are here, in window.py and in layout.py
    memory.py  which tensors share memory, for what is written in place
    row.py     the rows of a survey and their sums
    model.py   `survey`: the layers of any model with their shapes, costs and fields
    probe.py   `probe_field`: the field of a model measured by gradients
"""

from typing import TYPE_CHECKING, Any

from reference.geometry.cost import Cost, conv_macs, conv_parameters, dense_parameters, layer_costs
from reference.geometry.field import ReceptiveField, Step, receptive_field, receptive_field_steps
from reference.geometry.size import Layer, Pair, TransposedLayer, output_size, pair, transposed_output_size

if TYPE_CHECKING:
    from reference.geometry.model import survey
    from reference.geometry.probe import Region, probe_field
    from reference.geometry.row import Row, Survey

__all__ = [
    "Cost",
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
    "layer_costs",
    "output_size",
    "pair",
    "probe_field",
    "receptive_field",
    "receptive_field_steps",
    "survey",
    "transposed_output_size",
]


def __getattr__(name: str) -> Any:
    if name in ("Region", "Row", "Survey", "probe_field", "survey"):
        from reference.geometry import model, probe

        return getattr(probe if name in ("Region", "probe_field") else model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
