"""The neocognitron's cells: selectivity, saturation, and standing on chosen places."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import c_cell, s_cell
from tests import oracles_field
from tests.strategies import tensors

odd = st.sampled_from([1, 3])


@st.composite
def s_layers(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """A picture, excitation, inhibition and fixed weights; nothing negative."""
    N, K, S, H, W = (draw(st.integers(1, most)) for most in (2, 2, 3, 3, 4))
    k_h, k_w = draw(odd), draw(odd)
    shapes = (N, K, H, W), (S, K, k_h, k_w), (S,), (k_h, k_w)
    u, a, b, c = (draw(tensors(*shape, least=0)) for shape in shapes)
    return u, a, b, c


@given(s_layers(), st.sampled_from([0.5, 1.5, 4.0]))
def test_s_cells_equal_loops(case: Any, r: float):
    want = oracles_field.s_cell(*(part.numpy() for part in case), r)
    np.testing.assert_allclose(s_cell(*case, r=r).numpy(), want, rtol=1e-12, atol=1e-12)


@given(s_layers(), st.sampled_from([0.25, 0.5, 2.0]))
def test_c_cells_equal_loops_and_lie_below_1(case: Any, alpha: float):
    u, _, _, fixed = case
    y = c_cell(u, fixed, alpha=alpha)
    np.testing.assert_allclose(y.numpy(), oracles_field.c_cell(u.numpy(), fixed.numpy(), alpha), rtol=1e-12, atol=1e-12)
    assert bool(((y >= 0) & (y < 1)).all())


def learned(pattern: Any, fixed: Any, strength: float) -> tuple[Any, Any]:
    """What a cell weighs after it was shown one pattern: a = q*c*t, b = q*v."""
    energy = (fixed * pattern.square()).sum((1, 2, 3))
    return strength * fixed * pattern, strength * energy.sqrt()


@pytest.mark.parametrize("r", [0.5, 1.5, 4.0])
@given(tensors(1, 2, 3, 3, least=0), tensors(1, 2, 3, 3, least=0))
def test_a_learned_cell_answers_if_the_cosine_exceeds_r_over_r_plus_1(r: float, pattern: Any, shown: Any):
    fixed = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).double() / 16
    a, b = learned(pattern, fixed, 1e9)
    length = [(fixed * t.square()).sum().sqrt() for t in (pattern, shown)]
    cosine = (fixed * pattern * shown).sum() / (length[0] * length[1])
    got = s_cell(shown, a, b, fixed, r=r)[0, 0, 1, 1].item()
    if min(length) == 0:
        assert got == 0
    elif abs(cosine - r / (1 + r)) > 1e-6:
        assert (got > 0) == bool(cosine > r / (1 + r))
        assert got == pytest.approx(max(0.0, (1 + r) * cosine.item() - r), abs=1e-6)  # 1 for the pattern itself


def test_without_inhibition_strength_matters_and_with_it_only_the_likeness():
    t, fixed = torch.tensor([[[[0.0, 1.0, 0.0]]]]).double(), torch.ones(1, 3).double()
    a, b = learned(t, fixed, 1e9)
    loose = [s_cell(f * t, t, 0 * b, fixed, r=1.0)[..., 1].item() for f in (1, 5)]
    strict = [s_cell(f * t, a, b, fixed, r=1.0)[..., 1].item() for f in (1, 5)]
    assert loose == [1, 5]
    assert strict == pytest.approx([1, 1])


def test_all_cells_of_a_plane_share_their_weights():
    canvas = torch.zeros(1, 1, 9, 11, dtype=torch.float64)
    canvas[0, 0, 3:6, 3:6] = torch.arange(9.0).reshape(3, 3)
    a, b, c = torch.rand(2, 1, 3, 3).double(), torch.rand(2).double(), torch.rand(3, 3).double()
    moved = torch.roll(canvas, (1, 2), (2, 3))
    got = torch.roll(s_cell(canvas, a, b, c, r=2.0), (1, 2), (2, 3))
    torch.testing.assert_close(s_cell(moved, a, b, c, r=2.0), got)


def test_a_c_cell_forgets_a_small_shift():
    u = torch.zeros(2, 2, 5, 5, dtype=torch.float64)
    u[0, 0, 2, 2] = u[1, 0, 2, 3] = 1  # the second picture is the first, moved by one
    y = c_cell(u, torch.ones(3, 3).double())
    assert y[0, 0, 2, 2] == y[1, 0, 2, 2] > 0
    far = c_cell(u, torch.ones(1, 1).double())
    assert far[0, 0, 2, 2] > 0 == far[1, 0, 2, 2]


def test_a_plane_that_answers_less_than_the_mean_is_silent():
    u = torch.tensor([3.0, 1.0, 1.0]).double().reshape(1, 3, 1, 1)
    y = c_cell(u, torch.ones(1, 1).double(), alpha=0.5).flatten()
    inner = 4 / (1 + 5 / 3) - 1
    assert y.tolist() == pytest.approx([inner / (0.5 + inner), 0, 0])


def test_cells_stand_where_they_are_told():
    u, a, b, c = torch.rand(1, 2, 16, 16).double(), torch.rand(3, 2, 5, 5), torch.rand(3), torch.rand(5, 5)
    a, b, c = a.double(), b.double(), c.double()
    rows, columns = [0, 2, 4, 5, 7, 8, 10, 12, 13, 15], [1, 15]
    full = s_cell(u, a, b, c, r=4.0)
    thin = s_cell(u, a, b, c, r=4.0, centres=(rows, columns))
    assert thin.shape == (1, 3, 10, 2)
    assert torch.equal(thin, full[:, :, rows][:, :, :, columns])
    assert torch.equal(c_cell(u, c, centres=(rows, columns)), c_cell(u, c)[:, :, rows][:, :, :, columns])


def test_gradients_are_right_and_an_empty_picture_has_one():
    u, a, b, c = (torch.rand(shape).double() + 0.1 for shape in ((1, 2, 3, 4), (2, 2, 3, 3), (2,), (3, 3)))
    inputs = tuple(t.requires_grad_() for t in (u, a, b))
    assert torch.autograd.gradcheck(lambda u, a, b: s_cell(u, a, 0.1 * b, c, r=1.5), inputs)
    assert torch.autograd.gradcheck(lambda u: c_cell(u, c), inputs[0])
    empty = torch.zeros(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    s_cell(empty, a, b, c, r=1.5).sum().backward()
    assert empty.grad is not None
    assert bool(empty.grad.isfinite().all())


@pytest.mark.gpu
def test_the_device_does_not_matter():
    u, a, b, c = (torch.rand(shape).double() for shape in ((1, 2, 6, 5), (2, 2, 3, 3), (2,), (3, 3)))
    there = [part.cuda() for part in (u, a, b, c)]
    torch.testing.assert_close(
        s_cell(*there, r=1.5, centres=([0, 2], [1])).cpu(), s_cell(u, a, b, c, r=1.5, centres=([0, 2], [1]))
    )
    torch.testing.assert_close(c_cell(there[0], there[3]).cpu(), c_cell(u, c))


U, A, B, FIXED = torch.zeros(1, 2, 4, 5), torch.zeros(3, 2, 3, 3), torch.zeros(3), torch.zeros(3, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: s_cell(U[0], A, B, FIXED, r=1.0), ShapeError, r"u: expected \(N, C, H, W\) .* got \(2, 4, 5\)"),
        (
            lambda: s_cell(U, A[0], B, FIXED, r=1.0),
            ShapeError,
            r"excitatory: expected \(S, 2, k_h, k_w\), got \(2, 3, 3\)",
        ),
        (
            lambda: s_cell(U, A[:, :1], B, FIXED, r=1.0),
            ShapeError,
            r"excitatory: expected \(3, 2, 3, 3\), as u has K = 2",
        ),
        (lambda: s_cell(U, A, B[:2], FIXED, r=1.0), ShapeError, r"inhibitory: expected \(3,\), one number a plane"),
        (
            lambda: s_cell(U, A, B, FIXED[:1], r=1.0),
            ShapeError,
            r"fixed: expected \(3, 3\), the area of excitatory, got",
        ),
        (
            lambda: s_cell(U, A, B, FIXED[:2], r=1.0),
            ShapeError,
            r"fixed: expected \(k_h, k_w\), both odd, got \(2, 3\)",
        ),
        (lambda: s_cell(U, A, B, FIXED, r=0), OptionError, "r: expected a number of at least 1e-09, got 0"),
        (lambda: s_cell(U.long(), A, B, FIXED, r=1.0), OptionError, "u: expected a float dtype"),
        (
            lambda: s_cell(U, A, B, FIXED, r=1.0, centres=([0, 4], [0])),
            ShapeError,
            r"centres: expected places from 0 to 3 as H = 4, got \(0, 4\)",
        ),
        (
            lambda: c_cell(U, FIXED, centres=([0], [])),
            ShapeError,
            r"centres: expected places from 0 to 4 as W = 5, got",
        ),
        (lambda: c_cell(U, FIXED, alpha=0), OptionError, "alpha: expected a number of at least 1e-09, got 0"),
        (lambda: c_cell(U, FIXED[0]), ShapeError, r"fixed: expected \(k_h, k_w\), both odd, got \(3,\)"),
        (
            lambda: c_cell(U, FIXED.double()),
            OptionError,
            "fixed: expected the dtype of u, torch.float32, got torch.float64",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
