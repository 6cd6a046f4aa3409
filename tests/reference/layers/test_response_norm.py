"""Local response normalisation: the paper's alpha, caffe's alpha, and how the usual mistakes differ from both."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import local_response_norm
from tests import oracles_field
from tests.strategies import tensors

STEPS = torch.arange(1.0, 6.0, dtype=torch.float64).reshape(1, 5, 1, 1)

images = st.tuples(*(st.integers(1, most) for most in (2, 7, 2, 3))).flatmap(lambda shape: tensors(*shape))
options = st.fixed_dictionaries(
    {
        "size": st.sampled_from([1, 3, 5, 7]),
        "alpha": st.sampled_from([0.0, 1e-4, 1.0]),
        "beta": st.sampled_from([0.5, 0.75]),
        "k": st.sampled_from([1.0, 2.0]),
    }
)


@given(images, options)
def test_the_convention_of_caffe_equals_torch(x: Any, options: Any):
    got = local_response_norm(x, **options, convention="caffe")
    torch.testing.assert_close(got, F.local_response_norm(x, **options))


@given(images, options)
def test_the_convention_of_the_paper_equals_loops(x: Any, options: Any):
    got = local_response_norm(x, **options)
    np.testing.assert_allclose(got.numpy(), oracles_field.local_response_norm(x.numpy(), **options), rtol=1e-12)


@given(images, options)
def test_the_conventions_differ_by_the_size_of_the_window(x: Any, options: Any):
    want = local_response_norm(x, **options)
    options["alpha"] *= options["size"]
    torch.testing.assert_close(local_response_norm(x, **options, convention="caffe"), want)


@pytest.mark.parametrize(
    ("convention", "want"),
    [
        ("paper", [0.125, 0.148651, 0.144616, 0.195397, 0.258207]),
        ("caffe", [0.308368, 0.420448, 0.438191, 0.591089, 0.775504]),
    ],
)
def test_one_to_five_by_hand(convention: str, want: list[float]):
    y = local_response_norm(STEPS, alpha=1, convention=convention)
    assert [round(value, 6) for value in y.flatten().tolist()] == want


def test_the_first_of_one_to_five_with_the_papers_constants():
    first = [local_response_norm(STEPS, convention=c)[0, 0].item() for c in ("paper", "caffe")]
    assert [round(value, 6) for value in first] == [0.594292, 0.594541]


def test_the_window_lies_along_channels_and_does_not_wrap():
    x = torch.zeros(1, 6, 3, 3, dtype=torch.float64)
    x[0, :, 1, 1] = 1.0
    touched = torch.autograd.functional.jacobian(lambda x: local_response_norm(x, size=3, alpha=1)[0, 0, 1, 1], x)
    assert touched.nonzero().tolist() == [[0, 0, 1, 1], [0, 1, 1, 1]]  # not channel 5, no neighbour in the plane


@given(images, options)
def test_turning_the_channels_around_turns_the_result_around(x: Any, options: Any):
    torch.testing.assert_close(local_response_norm(x.flip(1), **options).flip(1), local_response_norm(x, **options))


@pytest.mark.parametrize("convention", ["paper", "caffe"])
def test_gradients_are_right(convention: str):
    x = torch.randn(2, 6, 2, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: local_response_norm(x, alpha=0.3, convention=convention), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays_and_squares_do_not_overflow(dtype: torch.dtype):
    y = local_response_norm(torch.full((1, 3, 1, 1), 300, dtype=dtype), alpha=1.0)
    assert y.dtype == dtype
    assert bool((y > 0).all())  # 300^2 is infinite in float16


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x = torch.randn(2, 6, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(local_response_norm(x.cuda()).cpu(), local_response_norm(x))


@pytest.mark.parametrize(
    ("x", "options", "error", "message"),
    [
        (STEPS[0], {}, ShapeError, r"x: expected \(N, C, H, W\) .* got \(5, 1, 1\)"),
        (STEPS.long(), {}, OptionError, "x: expected a float dtype, got torch.int64"),
        (STEPS, {"size": 4}, OptionError, "size: expected an odd number of channels, got 4; an even window has no mid"),
        (STEPS, {"size": 0}, OptionError, "size: expected an integer of at least 1, got 0"),
        (STEPS, {"alpha": -1}, OptionError, "alpha: expected a number of at least 0, got -1"),
        (STEPS, {"beta": None}, OptionError, "beta: expected a number of at least 0, got None"),
        (STEPS, {"k": -2.0}, OptionError, "k: expected a number of at least 0, got -2.0"),
        (STEPS, {"convention": "torch"}, OptionError, "convention: expected 'paper' or 'caffe', got 'torch'"),
    ],
)
def test_arguments_of_no_use_are_named(x: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        local_response_norm(x, **options)
