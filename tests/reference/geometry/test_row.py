"""Rows and their sums."""

from __future__ import annotations

from fractions import Fraction

import pytest

from reference.errors import OptionError
from reference.geometry import ReceptiveField, Row, Survey

FIELD = ReceptiveField(3, 1, -1)
CONV = Row("conv", "convolution", (1, 2, 4, 4), (1, 3, 4, 4), 57, 864, (FIELD, FIELD))
RELU = Row("act", "relu", (1, 3, 4, 4), (1, 3, 4, 4), 0, 0, (FIELD, FIELD))
POOL = Row("conv", "max pooling", (1, 3, 4, 4), (1, 3, 2, 1), 0, 0, (FIELD, ReceptiveField(3, Fraction(1, 2), 0)))


def test_layers_add_up_and_activations_are_those_of_windows_and_products():
    found = Survey((CONV, RELU, POOL), 57, POOL.fields, (1, 3, 2, 1), 2)
    assert (found.macs, found.activations, found.activation_memory) == (864, 48 + 6, 2 * 54)
    assert RELU.activations == 0


def test_one_field_for_both_directions_or_none():
    assert CONV.field == FIELD
    assert POOL.field is None
    assert Row("x", "relu", (1,), (1,), 0, 0, None).field is None


def test_layers_are_found_by_name():
    found = Survey((CONV, RELU, POOL), 57, None, (1,), 4)
    assert found.layer("conv") is CONV
    assert found.names == ["conv", "act"]
    with pytest.raises(OptionError, match="name: expected a layer of the survey, got 'fc'; there are conv, act"):
        found.layer("fc")
