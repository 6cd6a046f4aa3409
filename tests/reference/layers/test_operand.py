"""What layers demand of their tensors."""

from __future__ import annotations

import pytest
import torch

from reference.errors import OptionError, ShapeError
from reference.layers.operand import require_float, require_like, require_number, widen

X = torch.zeros(2)


def test_only_half_precision_is_widened():
    dtypes = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
    assert [widen(X.to(dtype)).dtype for dtype in dtypes] == [torch.float32] * 3 + [torch.float64]
    assert widen(X) is X


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_what_is_no_float_is_named(dtype: torch.dtype):
    require_float("x", X.half())
    with pytest.raises(OptionError, match=rf"x: expected a float dtype, got {dtype}; x.double\(\) converts it"):
        require_float("x", X.to(dtype))


def test_shape_comes_before_dtype():
    require_like("bias", X, X, (2,), "one number a channel")
    with pytest.raises(ShapeError, match=r"bias: expected \(3,\), one number a channel, got \(2,\)"):
        require_like("bias", X.double(), X, (3,), "one number a channel")
    with pytest.raises(
        OptionError, match=r"bias: expected the dtype of the input, torch.float32, got torch.float64; b"
    ):
        require_like("bias", X.double(), X, (2,), "one number a channel")


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), True, "half", None])
def test_a_number_is_between_its_limits(value: object):
    require_number("p", 0, 0, 1)
    require_number("p", 1.0, 0, 1)
    with pytest.raises(OptionError, match=f"p: expected a number from 0 to 1, got {value!r}"):
        require_number("p", value, 0, 1)


def test_a_number_may_have_no_upper_limit():
    require_number("k", 1e9, 0)
    with pytest.raises(OptionError, match="k: expected a number of at least 0, got -1"):
        require_number("k", -1, 0)
