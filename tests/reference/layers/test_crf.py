"""Mean field of a dense random field: kernels, steps, signs and what cancels."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import gaussian_kernels, mean_field, potts, softmax
from tests import oracles_field
from tests.strategies import tensors

THETAS = {"theta_alpha": 2.0, "theta_beta": 3.0, "theta_gamma": 1.5}


@st.composite
def fields(draw: st.DrawFn, *, full: bool = False) -> tuple[Any, Any, Any, Any]:
    """Scores, kernels of an image, weights of the kernels, a compatibility."""
    N, L, H, W = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    kernels = gaussian_kernels(draw(tensors(N, 3, H, W)), **THETAS)
    weights = draw(tensors(2, L, L) if full else tensors(2)) / 4
    return draw(tensors(N, L, H, W)) / 2, kernels, weights, draw(tensors(L, L)) / 4


@given(st.tuples(*(st.integers(1, most) for most in (2, 3, 2, 3))).flatmap(lambda shape: tensors(*shape)))
def test_kernels_equal_loops_and_are_symmetric(image: Any):
    got = gaussian_kernels(image, **THETAS)
    for n in range(len(image)):
        np.testing.assert_allclose(got[n].numpy(), oracles_field.gaussian_kernels(image[n].numpy(), 2.0, 3.0, 1.5))
    assert torch.equal(got, got.mT)


def test_a_pixel_does_not_speak_to_itself_unless_asked_to():
    image = torch.rand(1, 3, 2, 3, dtype=torch.float64)
    own = gaussian_kernels(image, own_pixel=True)
    assert own.diagonal(dim1=2, dim2=3).unique().tolist() == [1]
    assert gaussian_kernels(image).diagonal(dim1=2, dim2=3).unique().tolist() == [0]
    torch.testing.assert_close(own - torch.eye(6).double(), gaussian_kernels(image))


def test_only_the_appearance_kernel_sees_colours():
    dark, bright = (gaussian_kernels(torch.tensor([[[[0.0, colour]]]]), **THETAS)[0, :, 0, 1] for colour in (0.0, 9.0))
    assert dark[1] == bright[1]
    assert bright[0] / dark[0] == pytest.approx(math.exp(-81 / 18))


def test_normalised_kernels_sum_to_1_and_a_lonely_pixel_hears_nothing():
    kernels = gaussian_kernels(torch.rand(1, 1, 2, 3).double(), normalized=True)
    torch.testing.assert_close(kernels.sum(-1), torch.ones(1, 2, 6).double())
    assert gaussian_kernels(torch.zeros(1, 1, 1, 1), normalized=True).tolist() == [[[[0.0]], [[0.0]]]]


@pytest.mark.parametrize("full", [False, True])
@given(data=st.data(), steps=st.integers(0, 3))
def test_steps_equal_loops(full: bool, data: Any, steps: int):
    unary, kernels, weights, compatibility = data.draw(fields(full=full))
    got = mean_field(unary, kernels, weights, compatibility, steps=steps)
    for n in range(len(unary)):
        want = oracles_field.mean_field(
            unary[n].flatten(1).numpy(), kernels[n].numpy(), weights.numpy(), compatibility.numpy(), steps
        )
        np.testing.assert_allclose(got[n].flatten(1).numpy(), want, rtol=1e-10, atol=1e-12)


@given(fields(), st.integers(0, 3))
def test_probabilities_sum_to_1_over_the_labels(case: Any, steps: int):
    Q = mean_field(*case, steps=steps)
    assert bool((Q >= 0).all())
    torch.testing.assert_close(Q.sum(1), torch.ones_like(Q[:, 0]))


@given(fields(), st.integers(0, 4))
def test_no_steps_or_no_weights_leave_the_softmax_of_the_unary(case: Any, steps: int):
    unary, kernels, weights, compatibility = case
    want = softmax(unary, 1)
    torch.testing.assert_close(mean_field(*case, steps=0), want)
    torch.testing.assert_close(mean_field(unary, kernels, 0 * weights, compatibility, steps=steps), want)


@given(fields(), st.integers(1, 3))
def test_potts_and_minus_the_identity_are_the_same_field(case: Any, steps: int):
    unary, kernels, weights, _ = case
    L = unary.shape[1]
    one = torch.eye(L, dtype=torch.float64)
    want = mean_field(unary, kernels, weights, -one, steps=steps)
    torch.testing.assert_close(mean_field(unary, kernels, weights, potts(L, dtype=torch.float64), steps=steps), want)


@given(fields(), st.integers(0, 3))
def test_a_diagonal_matrix_of_weights_is_a_number(case: Any, steps: int):
    unary, kernels, weights, compatibility = case
    full = weights[:, None, None] * torch.eye(unary.shape[1], dtype=torch.float64)
    got = mean_field(unary, kernels, full, compatibility, steps=steps)
    torch.testing.assert_close(got, mean_field(unary, kernels, weights, compatibility, steps=steps))


@given(fields(), st.integers(0, 3))
def test_renaming_the_labels_renames_the_result(case: Any, steps: int):
    unary, kernels, weights, compatibility = case
    got = mean_field(unary.flip(1), kernels, weights, compatibility.flip(0, 1), steps=steps)
    torch.testing.assert_close(got.flip(1), mean_field(*case, steps=steps))


def test_neighbours_smooth_and_with_the_sign_turned_they_roughen():
    unary = torch.tensor([[1.0, 1.0, -0.4, 1.0, 1.0], [-1.0, -1.0, 0.4, -1.0, -1.0]]).reshape(1, 2, 1, 5)
    kernels, weights = gaussian_kernels(torch.zeros(1, 1, 1, 5)), torch.ones(2) / 4
    odd = [mean_field(unary, kernels, weights, sign * potts(2), steps=5)[0, 0, 0, 2].item() for sign in (1, 0, -1)]
    assert odd[0] > 0.5 > odd[1] > odd[2]


def test_labels_do_not_cross_an_edge_in_the_image():
    image = torch.tensor([[[[0.0, 0.0, 99.0, 99.0]]]])
    unary = torch.tensor([[3.0, 0.0, 0.0, -3.0], [0.0, 0.0, 0.0, 0.0]]).reshape(1, 2, 1, 4)
    Q = mean_field(unary, gaussian_kernels(image), torch.tensor([5.0, 0.0]), potts(2), steps=10)
    assert Q.argmax(1).flatten().tolist() == [0, 0, 1, 1]


def test_one_step_of_two_pixels_by_hand():
    kernels = torch.tensor([[[[0.0, 0.5], [0.5, 0.0]]]]).double()
    unary = torch.tensor([[[[2.0, 0.0]], [[0.0, 0.0]]]]).double()
    Q = mean_field(unary, kernels, torch.ones(1).double(), potts(2, dtype=torch.float64), steps=1)
    first = 1 / (1 + math.exp(-2))  # of the first pixel, before
    heard = 0.5 * (1 - first), 0.5 * first  # what the second pixel pays for each label
    assert Q[0, 0, 0, 1].item() == pytest.approx(1 / (1 + math.exp(heard[0] - heard[1])))
    assert Q[0, 0, 0, 0].item() == pytest.approx(first)  # it hears one half for each label


def test_the_weights_of_crf_rnn_with_21_labels_are_1323():
    assert 2 * 21 * 21 + potts(21).numel() == 1323
    unary, full = torch.zeros(1, 21, 2, 2), torch.stack([5 * torch.eye(21), 3 * torch.eye(21)])
    Q = mean_field(unary, gaussian_kernels(torch.zeros(1, 3, 2, 2)), full, -torch.eye(21), steps=10)
    torch.testing.assert_close(Q, torch.full_like(Q, 1 / 21))


@pytest.mark.parametrize("full", [False, True])
def test_gradients_reach_scores_weights_and_compatibility_through_all_steps(full: bool):
    kernels = gaussian_kernels(torch.rand(1, 3, 2, 2).double())
    shapes = ((1, 3, 2, 2), (2, 3, 3) if full else (2,), (3, 3))
    unary, weights, compatibility = (torch.randn(shape).double().requires_grad_() for shape in shapes)
    assert torch.autograd.gradcheck(
        lambda u, w, c: mean_field(u, kernels, w, c, steps=3), (unary, weights, compatibility)
    )


def test_gradients_of_kernels_are_right():
    image = torch.randn(1, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: gaussian_kernels(x, **THETAS, normalized=True), image)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    unary, image = torch.randn(1, 3, 4, 5).double(), torch.rand(1, 3, 4, 5).double()
    arguments = [unary, gaussian_kernels(image), torch.ones(2).double(), potts(3, dtype=torch.float64)]
    there = [unary.cuda(), gaussian_kernels(image.cuda()), *(part.cuda() for part in arguments[2:])]
    torch.testing.assert_close(mean_field(*there, steps=5).cpu(), mean_field(*arguments, steps=5))


U, K, W2, MU = torch.zeros(1, 2, 2, 3), torch.zeros(1, 2, 6, 6), torch.zeros(2), torch.zeros(2, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gaussian_kernels(U[0]), ShapeError, r"image: expected \(N, C, H, W\) .* got \(2, 2, 3\)"),
        (lambda: gaussian_kernels(U.long()), OptionError, "image: expected a float dtype"),
        (
            lambda: gaussian_kernels(U, theta_beta=0),
            OptionError,
            "theta_beta: expected a number of at least 1e-09, got 0",
        ),
        (lambda: potts(0), OptionError, "labels: expected an integer of at least 1, got 0"),
        (lambda: mean_field(U[0], K, W2, MU, steps=1), ShapeError, r"unary: expected \(N, C, H, W\)"),
        (
            lambda: mean_field(U, K[0], W2, MU, steps=1),
            ShapeError,
            r"kernels: expected \(1, M, 6, 6\), got \(2, 6, 6\)",
        ),
        (
            lambda: mean_field(U, K[..., :5], W2, MU, steps=1),
            ShapeError,
            r"kernels: expected \(1, 2, 6, 6\), between all",
        ),
        (
            lambda: mean_field(U, K, W2[:1], MU, steps=1),
            ShapeError,
            r"kernel_weights: expected \(2,\), one number a kern",
        ),
        (lambda: mean_field(U, K, K[:, :, :3, :2], MU, steps=1), ShapeError, r"kernel_weights: expected \(2,\)"),
        (lambda: mean_field(U, K, K[0, :, :3, :3], MU, steps=1), ShapeError, r"kernel_weights: expected \(2, 2, 2\)"),
        (
            lambda: mean_field(U, K, W2, MU[0], steps=1),
            ShapeError,
            r"compatibility: expected \(2, 2\), a charge for every",
        ),
        (
            lambda: mean_field(U, K, W2, MU.double(), steps=1),
            OptionError,
            "compatibility: expected the dtype of the in",
        ),
        (lambda: mean_field(U, K, W2, MU, steps=-1), OptionError, "steps: expected an integer of at least 0, got -1"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
