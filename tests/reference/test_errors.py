"""Errors say which argument, what was expected, what came, and what to do."""

from __future__ import annotations

import pickle

import pytest

from reference.errors import ArgumentError, OptionError, ShapeError, require_at_least, require_one_of


def test_an_error_tells_its_four_parts():
    error = ShapeError("x", "(N, C, H, W)", "(3, 8, 8)", "x[None] adds the batch axis")
    assert str(error) == "x: expected (N, C, H, W), got (3, 8, 8); x[None] adds the batch axis"
    assert (error.argument, error.expected, error.got) == ("x", "(N, C, H, W)", "(3, 8, 8)")
    assert error.next_step == "x[None] adds the batch axis"
    assert str(OptionError("stride", "1", "2")) == "stride: expected 1, got 2"


@pytest.mark.parametrize("kind", [ArgumentError, ShapeError, OptionError])
def test_errors_are_value_errors_and_cross_processes(kind: type[ArgumentError]):
    error = pickle.loads(pickle.dumps(kind("x", "a", "b", "c")))
    assert isinstance(error, ValueError)
    assert type(error) is kind
    assert str(error) == "x: expected a, got b; c"


@pytest.mark.parametrize("value", [0, -3, True, 2.0, "2", None])
def test_only_integers_that_are_large_enough_pass(value: object):
    with pytest.raises(OptionError, match=f"stride: expected an integer of at least 1, got {value!r}; try 1"):
        require_at_least("stride", value, 1, "try 1")  # type: ignore[arg-type]
    require_at_least("stride", 1, 1)


def test_only_known_words_pass():
    require_one_of("shape", "full", ("full", "same"))
    with pytest.raises(OptionError, match="shape: expected 'full' or 'same', got 'fill'"):
        require_one_of("shape", "fill", ("full", "same"))
