"""Formulas against the layers, on integers; derivatives against autograd."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import sympy
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import convolve2d, correlate2d
from reference.symbolic import (
    bias_symbol,
    derivative,
    grad_symbol,
    loss_gradient,
    output_formula,
    output_formulas,
    output_products,
    w_symbol,
    x_symbol,
)
from tests.oracles import places
from tests.strategies import tensors

CONVENTIONS = pytest.mark.parametrize(
    ("convention", "layer"), [("convolution", convolve2d), ("correlation", correlate2d)]
)


def formula(text: str, channels: int = 3) -> sympy.Expr:
    """'x11 w22 + ...' as on paper, summed over the channels."""
    total = sympy.Integer(0)
    for term in text.split(" + "):
        x, w = term.split()
        for c in range(1, channels + 1):
            total += x_symbol(c, int(x[1]), int(x[2])) * w_symbol(c, int(w[1]), int(w[2]))
    return total


@pytest.mark.parametrize(
    ("i", "j", "convolution", "correlation"),
    [
        (1, 1, "x11 w22 + x12 w21 + x21 w12 + x22 w11", "x11 w11 + x12 w12 + x21 w21 + x22 w22"),
        (1, 2, "x12 w22 + x13 w21 + x22 w12 + x23 w11", "x12 w11 + x13 w12 + x22 w21 + x23 w22"),
        (2, 1, "x21 w22 + x22 w21 + x31 w12 + x32 w11", "x21 w11 + x22 w12 + x31 w21 + x32 w22"),
        (2, 2, "x22 w22 + x23 w21 + x32 w12 + x33 w11", "x22 w11 + x23 w12 + x32 w21 + x33 w22"),
    ],
)
def test_the_courses_four_elements(i: int, j: int, convolution: str, correlation: str):
    assert output_formula(i, j) == formula(convolution)
    assert output_formula(i, j, convention="correlation") == formula(correlation)


def values_of(x: torch.Tensor, w: torch.Tensor) -> dict[sympy.Symbol, int]:
    letters = {x_symbol(c + 1, i + 1, j + 1): int(x[c, i, j]) for c, i, j in places(*x.shape)}
    return letters | {w_symbol(c + 1, u + 1, v + 1): int(w[c, u, v]) for c, u, v in places(*w.shape)}


@st.composite
def examples(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    """An image (C, H, W) and a kernel (C, K_h, K_w) of integers."""
    C, K_h, K_w = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    H, W = K_h + draw(st.integers(0, 2)), K_w + draw(st.integers(0, 1))
    return draw(tensors(C, H, W)), draw(tensors(C, K_h, K_w))


@CONVENTIONS
@given(example=examples())
def test_formulas_with_numbers_put_in_are_the_layers(convention: Any, layer: Any, example: Any):
    x, w = example
    formulas = output_formulas(tuple(x.shape[1:]), tuple(w.shape[1:]), len(x), convention, bias=True)
    numbers = values_of(x, w) | {bias_symbol(): 7}
    got = [[int(entry.xreplace(numbers)) for entry in row] for row in formulas]
    assert got == layer(x[None], w[None])[0, 0].add(7).int().tolist()


def test_the_sample_of_the_course():
    rng = np.random.default_rng(0)
    x, w = rng.integers(-3, 4, (3, 3, 3)), rng.integers(-3, 4, (3, 2, 2))
    numbers = values_of(torch.tensor(x), torch.tensor(w))
    for convention, want in (("convolution", [[-9, 5], [-6, -11]]), ("correlation", [[-31, -23], [-10, -15]])):
        formulas = output_formulas(convention=convention)  # type: ignore[arg-type]
        assert [[int(entry.xreplace(numbers)) for entry in row] for row in formulas] == want


def test_there_are_12_products_an_element_and_48_in_all_and_one_bias():
    elements = [entry for row in output_formulas(bias=True) for entry in row]
    assert [len(entry.args) for entry in elements] == 4 * [13]
    assert all(entry.coeff(bias_symbol()) == 1 for entry in elements)
    assert len(output_products(1, 2)) == 12


def test_products_come_in_the_order_in_which_the_window_is_read():
    pixels = [x for x, _ in output_products(1, 2, channels=2)]
    assert [str(x) for x in pixels] == [f"x_{c}_{i}_{j}" for c in (1, 2) for i in (1, 2) for j in (2, 3)]


def test_the_derivative_by_a_weight_is_the_pixel_it_met():
    assert derivative(1, 2, w_symbol(3, 2, 2)) == x_symbol(3, 1, 2)
    assert derivative(1, 2, w_symbol(3, 2, 2), convention="correlation") == x_symbol(3, 2, 3)
    assert derivative(1, 1, x_symbol(1, 3, 3)) == 0
    assert derivative(1, 1, bias_symbol(), bias=True) == 1
    assert derivative(1, 1, bias_symbol()) == 0


@CONVENTIONS
@given(example=examples(), data=st.data())
def test_the_gradient_of_a_loss_is_autograds(convention: Any, layer: Any, example: Any, data: st.DataObject):
    x, w = (tensor.clone().requires_grad_() for tensor in example)
    y = layer(x[None], w[None])
    grad_y = data.draw(tensors(*y.shape[2:]))
    y[0, 0].backward(grad_y)
    numbers = values_of(*example) | {grad_symbol(i + 1, j + 1): int(grad_y[i, j]) for i, j in places(*grad_y.shape)}
    sizes = (tuple(x.shape[1:]), tuple(w.shape[1:]), len(x), convention)
    for tensor, symbol in ((x, x_symbol), (w, w_symbol)):
        c, i, j = (data.draw(st.integers(1, size)) for size in tensor.shape)
        assert tensor.grad is not None
        assert loss_gradient(symbol(c, i, j), *sizes).xreplace(numbers) == int(tensor.grad[c - 1, i - 1, j - 1])


@CONVENTIONS
@given(example=examples(), data=st.data())
def test_a_layer_of_several_kernels_is_the_layers(convention: Any, layer: Any, example: Any, data: st.DataObject):
    x, first = example
    w = torch.stack([first, data.draw(tensors(*first.shape))]).requires_grad_()
    y = layer(x[None], w)[0]
    numbers = values_of(x, first) | {bias_symbol(n): 0 for n in (1, 2)}
    numbers |= {w_symbol(c + 1, u + 1, v + 1, n + 1): int(w[n, c, u, v]) for n, c, u, v in places(*w.shape)}
    sizes = (tuple(x.shape[1:]), tuple(first.shape[1:]), len(x), convention, True)
    got = [[[int(e.xreplace(numbers)) for e in row] for row in output_formulas(*sizes, n=n)] for n in (1, 2)]
    assert got == y.int().tolist()
    grad_y = data.draw(tensors(*y.shape))
    y.backward(grad_y)
    numbers |= {grad_symbol(i + 1, j + 1, n + 1): int(grad_y[n, i, j]) for n, i, j in places(*grad_y.shape)}
    n, c, u, v = (data.draw(st.integers(1, size)) for size in w.shape)
    assert w.grad is not None
    gradient = loss_gradient(w_symbol(c, u, v, n), *sizes, filters=2)
    assert gradient.xreplace(numbers) == int(w.grad[n - 1, c - 1, u - 1, v - 1])
    by_pixel = loss_gradient(x_symbol(1, 1, 1), *sizes, filters=2)
    assert by_pixel.coeff(grad_symbol(1, 1, 2)) == derivative(1, 1, x_symbol(1, 1, 1), *sizes[1:4], n=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: output_formula(0, 1),
            OptionError,
            "i: expected an integer of at least 1, got 0; rows are counted from 1",
        ),
        (lambda: output_formula(1, 0), OptionError, "j: expected an integer of at least 1, got 0; columns are counted"),
        (lambda: output_formula(1, 1, channels=0), OptionError, "channels: expected an integer of at least 1, got 0"),
        (lambda: output_formula(1, 1, kernel=(0, 1)), OptionError, "kernel: expected an integer of at least 1, got 0"),
        (lambda: output_formula(1, 1, kernel=(1, 0)), OptionError, "kernel: expected an integer of at least 1, got 0"),
        (lambda: output_formula(1, 1, n=0), OptionError, "n: expected an integer of at least 1, got 0"),
        (lambda: loss_gradient(bias_symbol(), filters=0), OptionError, "filters: expected an integer of at least 1"),
        (lambda: output_formula(1, 1, convention="caffe"), OptionError, "convention: expected 'convolution' or 'corr"),  # type: ignore[arg-type]
        (
            lambda: output_formulas((2, 3), (3, 2)),
            ShapeError,
            r"image: expected H and W of at least the kernel's \(3, 2\)",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
