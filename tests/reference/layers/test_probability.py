"""Softmax, log-sum-exp and cross entropy: torch's values, at any size of scores, and what is ignored."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import cross_entropy, log_softmax, log_sum_exp, softmax
from tests import oracles_field
from tests.strategies import tensors

EACH = pytest.mark.parametrize("layer", [softmax, log_softmax, log_sum_exp])


@st.composite
def scored(draw: st.DrawFn) -> tuple[Any, int]:
    """Scores of up to three axes, and one of them."""
    sides = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    return draw(tensors(*sides)), draw(st.integers(-len(sides), len(sides) - 1))


@st.composite
def labelled(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Scores, labels of which some are ignored, and weights of the classes."""
    N, L, sides = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.lists(st.integers(1, 3), max_size=2))
    count = N * math.prod(sides)
    labels = draw(st.lists(st.sampled_from([*range(L), 255]), min_size=count, max_size=count))
    weight = draw(st.none() | tensors(L, least=1, most=5))
    return draw(tensors(N, L, *sides)), torch.tensor(labels).reshape(N, *sides), weight


@given(scored())
def test_all_three_equal_torch(case: Any):
    x, dim = case
    torch.testing.assert_close(softmax(x, dim), F.softmax(x, dim))
    torch.testing.assert_close(log_softmax(x, dim), F.log_softmax(x, dim))
    torch.testing.assert_close(log_sum_exp(x, dim), torch.logsumexp(x, dim))


@given(scored(), st.integers(-2000, 2000))
def test_a_number_added_to_all_scores_changes_no_probability(case: Any, number: int):
    x, dim = case
    torch.testing.assert_close(softmax(x + number, dim), softmax(x, dim))
    torch.testing.assert_close(log_softmax(x + number, dim), log_softmax(x, dim))
    torch.testing.assert_close(log_sum_exp(x + number, dim), log_sum_exp(x, dim) + number)
    torch.testing.assert_close(softmax(x, dim).sum(dim), torch.ones_like(x.sum(dim)))


@pytest.mark.parametrize("size", [1000.0, -1000.0, 1e30])
def test_scores_of_any_size_are_finite(size: float):
    x = torch.tensor([size, size])
    assert softmax(x, 0).tolist() == [0.5, 0.5]
    torch.testing.assert_close(log_softmax(x, 0), torch.full((2,), -math.log(2)))
    torch.testing.assert_close(log_sum_exp(x, 0), torch.tensor(size + math.log(2)))
    assert cross_entropy(torch.tensor([[0.0, 1000.0]]), torch.tensor([0])).item() == 1000  # not clipped


@pytest.mark.parametrize("values", [[1.0, -torch.inf], [-torch.inf] * 2, [torch.inf, 0.0], [torch.nan, 0.0]])
def test_values_that_are_no_ordinary_numbers_are_treated_as_in_torch(values: list[float]):
    x = torch.tensor(values)
    torch.testing.assert_close(log_sum_exp(x, 0), torch.logsumexp(x, 0), equal_nan=True)
    if max(values) < torch.inf:
        torch.testing.assert_close(softmax(x, 0), F.softmax(x, 0), equal_nan=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(labelled())
def test_cross_entropy_equals_torch(reduction: str, case: Any):
    scores, labels, weight = case
    if reduction == "mean" and bool((labels == 255).all()):
        return  # torch gives NaN; see below
    want = F.cross_entropy(scores, labels, weight=weight, ignore_index=255, reduction=reduction)
    torch.testing.assert_close(cross_entropy(scores, labels, weight=weight, reduction=reduction), want)


@given(labelled())
def test_cross_entropy_equals_loops(case: Any):
    scores, labels, weight = case
    losses, counted = oracles_field.cross_entropy(
        scores.numpy(), labels.numpy(), None if weight is None else weight.numpy(), 255
    )
    got = cross_entropy(scores, labels, weight=weight, reduction="none")
    np.testing.assert_allclose(got.numpy(), losses, rtol=1e-12, atol=1e-14)
    mean = cross_entropy(scores, labels, weight=weight).item()
    assert mean == pytest.approx(losses.sum() / counted if counted else 0)


def test_the_mean_is_over_labels_and_not_over_classes_or_ignored_ones():
    scores, labels = torch.zeros(1, 4, 1, 3), torch.tensor([[[0, 255, 3]]])
    assert cross_entropy(scores, labels).item() == pytest.approx(math.log(4))
    assert cross_entropy(scores, labels, reduction="sum").item() == pytest.approx(2 * math.log(4))
    assert cross_entropy(scores, labels, reduction="none")[0, 0, 1].item() == 0


def test_an_ignored_pixel_has_no_gradient_even_where_its_probability_is_zero():
    scores = torch.tensor([[[0.0, -torch.inf], [0.0, 0.0]]], dtype=torch.float64, requires_grad=True)
    loss = cross_entropy(scores, torch.tensor([[1, 255]]))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert scores.grad is not None
    assert scores.grad.tolist() == [[[0.5, 0], [-0.5, 0]]]


def test_where_all_is_ignored_the_mean_is_zero_without_gradient():
    scores = torch.randn(2, 3, requires_grad=True)
    loss = cross_entropy(scores, torch.tensor([255, 255]))
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert scores.grad.count_nonzero() == 0


@given(labelled())
def test_the_gradient_is_probability_minus_truth(case: Any):
    scores, labels, _ = case
    scores.requires_grad_()
    (grad,) = torch.autograd.grad(cross_entropy(scores, labels, reduction="sum"), scores)
    counted = (labels != 255).unsqueeze(1)
    truth = F.one_hot(labels * (labels != 255), scores.shape[1]).movedim(-1, 1)
    torch.testing.assert_close(grad, (softmax(scores, 1) - truth) * counted)


def test_gradients_are_right():
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    for layer in (softmax, log_softmax, log_sum_exp):
        assert torch.autograd.gradcheck(lambda x, layer=layer: layer(x, 1), x)
    labels, weight = torch.tensor([[0, 255], [3, 1], [2, 2]]), torch.tensor([1.0, 2.0, 3.0, 4.0]).double()
    assert torch.autograd.gradcheck(lambda x: cross_entropy(x, labels, weight=weight), x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_stays_and_long_sums_are_taken_wide(dtype: torch.dtype):
    x = torch.zeros(1, 70000, dtype=dtype)  # the sum of the exponentials is no float16
    for layer in (softmax, log_softmax, log_sum_exp):
        assert layer(x, 1).dtype == dtype
    assert log_sum_exp(x, 1).item() == pytest.approx(math.log(70000), rel=0.01)
    assert cross_entropy(x, torch.tensor([7])).dtype == dtype


@pytest.mark.gpu
def test_the_device_does_not_matter():
    scores, labels = torch.randn(2, 3, 4).double(), torch.randint(0, 3, (2, 4))
    torch.testing.assert_close(cross_entropy(scores.cuda(), labels.cuda()).cpu(), cross_entropy(scores, labels))


@EACH
def test_axes_and_dtypes_of_no_use_are_named(layer: Any):
    with pytest.raises(ShapeError, match=r"dim: expected an axis of x that is not empty, got 2 of \(2, 3\)"):
        layer(torch.zeros(2, 3), 2)
    with pytest.raises(ShapeError, match=r"dim: expected an axis of x that is not empty, got 0 of \(0, 3\)"):
        layer(torch.zeros(0, 3), 0)
    with pytest.raises(OptionError, match="x: expected a float dtype, got torch.int64"):
        layer(torch.zeros(2, 3, dtype=torch.int64), 0)


SCORES, LABELS = torch.zeros(2, 3, 4), torch.zeros(2, 4, dtype=torch.int64)


@pytest.mark.parametrize(
    ("scores", "labels", "options", "error", "message"),
    [
        (SCORES, LABELS[:, :3], {}, ShapeError, r"labels: expected \(2, 4\), one label where scores .* got \(2, 3\)"),
        (SCORES, LABELS.int(), {}, OptionError, "labels: expected torch.int64, got torch.int32; labels.long"),
        (SCORES, LABELS + 3, {}, OptionError, "labels: expected 0 to 2, or 255 to ignore, got 3 to 3; count classes"),
        (SCORES, LABELS - 1, {}, OptionError, "labels: expected 0 to 2, or 255 to ignore, got -1 to -1"),
        (SCORES[:, 0, 0], LABELS, {}, ShapeError, r"scores: expected \(N, L, ...\) with one class or more, got \(2,\)"),
        (SCORES.long(), LABELS, {}, OptionError, "scores: expected a float dtype"),
        (SCORES, LABELS, {"weight": torch.ones(2)}, ShapeError, r"weight: expected \(3,\), one number a class"),
        (SCORES, LABELS, {"reduction": "avg"}, OptionError, "reduction: expected 'mean' or 'sum' or 'none', got 'avg'"),
    ],
)
def test_arguments_of_no_use_are_named(scores: Any, labels: Any, options: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        cross_entropy(scores, labels, **options)
