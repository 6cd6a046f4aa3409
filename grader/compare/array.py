"""Arrays as plain numbers: conversion without broadcasting, differences, and printing that can be redone by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

PRINTED_ELEMENTS = 64


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two arrays of one shape differ: how many elements, the first index, the largest distance."""

    count: int
    size: int
    index: tuple[int, ...]
    got: Any
    wanted: Any
    worst: float


def as_array(value: object) -> Array | None:
    """A plain array of what a student returned, or None where it is not numbers.

    Accepts arrays of numbers, Python numbers, rectangular nested lists of
    numbers, and a tuple whose first element is one of these (a function may
    return a cache beside its output).  Booleans are no numbers here.
    """
    if isinstance(value, tuple) and value:
        return as_array(value[0]) if not _is_number(value[0]) else as_array(list(value))
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "iuf" else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return np.asarray(value) if isinstance(value, float) or abs(value) < 2**63 else None
    if isinstance(value, list):
        parts = [as_array(item) for item in value]
        shapes = {part.shape for part in parts if part is not None}
        if any(part is None for part in parts) or len(shapes) > 1:
            return None
        return np.array(parts) if parts else np.zeros(0)
    return None


def difference(got: Array, wanted: Array, tolerance: float | Array = 0.0) -> Difference | None:
    """The difference of two arrays of equal shape, None where every element is within `tolerance`.

    NaN equals nothing; an infinity equals itself only.
    """
    if got.shape != wanted.shape:
        raise ValueError(f"got: expected shape {wanted.shape}, got {got.shape}")
    exact = got == wanted
    with np.errstate(all="ignore"):
        distance = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
        wrong = ~(exact | (distance <= tolerance)) if np.any(tolerance) else ~exact
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim else ()
    finite = distance[wrong & np.isfinite(distance)]
    worst = float(finite.max()) if finite.size else math.nan
    return Difference(int(wrong.sum()), wrong.size, index, got[index].item(), wanted[index].item(), worst)


def describe(value: object) -> str:
    """What kind of value this is: `array (2, 3) float64`, `list of 3`, `None`, `str`."""
    if isinstance(value, np.ndarray):
        return f"array {shape_text(value.shape)} {value.dtype}"
    if value is None:
        return "None"
    if isinstance(value, (list, tuple, dict)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        return f"{type(value).__name__} {value!r}"
    return type(value).__name__


def shape_text(shape: Sequence[int]) -> str:
    """A shape as Python writes it."""
    return str(tuple(int(n) for n in shape))


def show(value: object) -> str:
    """A value printed so that it can be typed again: small arrays whole, large ones by shape and type."""
    if isinstance(value, np.ndarray):
        if value.size > PRINTED_ELEMENTS:
            return describe(value)
        return _nested(value.tolist()) if value.size else f"array of shape {shape_text(value.shape)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return number_text(value) if isinstance(value, (float, Fraction)) else repr(value)


def number_text(value: Any) -> str:
    """A number as people write it: no `.0`, no more digits than it needs."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value)


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return number_text(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
