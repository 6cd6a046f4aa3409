"""Dropout: who is dropped, who is scaled, and when nothing happens."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError
from reference.layers import dropout

ONES = torch.ones(200, 500, dtype=torch.float64)


@pytest.mark.parametrize(("scaling", "kept"), [("training", 1.25), ("test", 1.0)])
def test_p_is_the_probability_to_drop_and_the_rest_is_scaled_once(scaling: str, kept: float):
    y = dropout(ONES, 0.2, training=True, scaling=scaling)
    assert y.unique().tolist() == [0, kept]
    assert abs((y == 0).double().mean().item() - 0.2) < 0.01  # 100,000 draws: 8 standard deviations


@pytest.mark.parametrize("scaling", ["training", "test"])
def test_the_mean_in_training_is_the_mean_afterwards(scaling: str):
    trained = dropout(ONES, 0.2, training=True, scaling=scaling).mean()
    later = dropout(ONES, 0.2, training=False, scaling=scaling).mean()
    assert later.item() == pytest.approx(1 if scaling == "training" else 0.8)
    assert trained.item() == pytest.approx(later.item(), abs=0.01)


def test_afterwards_nothing_is_drawn():
    x = torch.randn(3, 4)
    state = torch.get_rng_state()
    assert torch.equal(dropout(x, 0.5, training=False), x)
    assert torch.equal(dropout(x, 0.5, training=False, scaling="test"), x / 2)
    assert torch.equal(torch.get_rng_state(), state)


def test_every_image_and_every_call_draws_for_itself():
    y = dropout(torch.ones(2, 100), training=True)
    assert not torch.equal(y[0], y[1])
    assert not torch.equal(y, dropout(torch.ones(2, 100), training=True))


def test_a_generator_decides():
    y = [dropout(ONES, training=True, generator=torch.Generator().manual_seed(seed)) for seed in (7, 7, 8)]
    assert torch.equal(y[0], y[1])
    assert not torch.equal(y[0], y[2])


@given(st.sampled_from(["training", "test"]))
def test_the_ends_keep_all_or_nothing(scaling: str):
    x = torch.tensor([1.0, torch.inf, -2.0])
    assert torch.equal(dropout(x, 0.0, training=True, scaling=scaling), x)
    assert dropout(x, 1.0, training=True, scaling=scaling).tolist() == [0, 0, 0]


def test_the_gradient_goes_to_what_was_kept_and_is_scaled_alike():
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)

    def layer(x: torch.Tensor) -> torch.Tensor:
        return dropout(x, 0.3, training=True, generator=torch.Generator().manual_seed(1))

    assert torch.autograd.gradcheck(layer, x)
    layer(x).sum().backward()
    assert torch.equal(x.grad == 0, layer(x) == 0)


def test_inputs_are_not_changed():
    x = torch.ones(50)
    dropout(x, training=True)
    assert torch.equal(x, torch.ones(50))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays(dtype: torch.dtype):
    x = torch.ones(4, dtype=dtype)
    for training in (True, False):
        for scaling in ("training", "test"):
            assert dropout(x, training=training, scaling=scaling).dtype == dtype


@pytest.mark.gpu
def test_it_draws_on_the_device_of_x():
    y = dropout(ONES.cuda(), 0.2, training=True)
    assert y.is_cuda
    assert abs((y == 0).double().mean().item() - 0.2) < 0.01


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (torch.ones(2, dtype=torch.int64), {}, "x: expected a float dtype, got torch.int64"),
        (torch.ones(2), {"p": 1.5}, "p: expected a number from 0 to 1, got 1.5"),
        (torch.ones(2), {"p": -0.1}, "p: expected a number from 0 to 1, got -0.1"),
        (torch.ones(2), {"scaling": "never"}, "scaling: expected 'training' or 'test', got 'never'"),
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_arguments_of_no_use_are_named(training: bool, x: Any, options: Any, message: str):
    with pytest.raises(OptionError, match=message):
        dropout(x, training=training, **options)
