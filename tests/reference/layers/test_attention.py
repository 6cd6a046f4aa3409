"""Stacked attention: over regions, with the query that the hop before refined."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from reference.errors import OptionError, ShapeError
from reference.layers import Hop, attend, stacked_attention
from tests import oracles_field
from tests.strategies import tensors

VARIANTS = pytest.mark.parametrize("variant", ["paper", "release"])


@st.composite
def hops(draw: st.DrawFn, d: int) -> Hop:
    """Weights of thirds, so that tanh is not saturated; sometimes with the release's second bias."""
    k = draw(st.integers(1, 3))
    third = [draw(tensors(*shape)) / 3 for shape in ((k, d), (k, d), (k,), (k,), ())]
    return Hop(*third, draw(st.none() | tensors(k).map(lambda bias: bias / 3)))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Any, Any, list[Hop]]:
    """Regions, a query, and two hops of uneven width."""
    N, R, d = draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    return draw(tensors(N, R, d)) / 2, draw(tensors(N, d)) / 2, [draw(hops(d)), draw(hops(d))]


@VARIANTS
@given(questions())
def test_one_hop_equals_loops(variant: str, case: Any):
    regions, query, (hop, _) = case
    got = attend(regions, query, hop, variant=variant)
    weights = [weight.numpy() for weight in hop[:5]]
    extra = None if hop.bias_region is None else hop.bias_region.numpy()
    for n in range(len(regions)):
        u, p = oracles_field.attend(regions[n].numpy(), query[n].numpy(), weights, variant == "release", extra)
        np.testing.assert_allclose(got.query[n].numpy(), u, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(got.weights[n].numpy(), p, rtol=1e-12, atol=1e-12)


@VARIANTS
@given(questions())
def test_the_second_hop_asks_with_what_the_first_found(variant: str, case: Any):
    regions, query, (first, second) = case
    one = attend(regions, query, first, variant=variant)
    two = attend(regions, one.query, second, variant=variant)
    got = stacked_attention(regions, query, [first, second], variant=variant)
    assert torch.equal(got.query, two.query)
    assert torch.equal(got.weights, torch.stack([one.weights, two.weights], dim=1))


@VARIANTS
@given(questions())
def test_weights_are_not_negative_and_sum_to_1_over_regions(variant: str, case: Any):
    weights = stacked_attention(*case, variant=variant).weights
    assert bool((weights >= 0).all())
    assert weights.shape == (len(case[0]), 2, case[0].shape[1])
    torch.testing.assert_close(weights.sum(2), torch.ones_like(weights[..., 0]))


@VARIANTS
@given(questions())
def test_reordering_the_regions_changes_no_query(variant: str, case: Any):
    regions, query, both = case
    got, want = (stacked_attention(r, query, both, variant=variant) for r in (regions.flip(1), regions))
    torch.testing.assert_close(got.query, want.query)
    torch.testing.assert_close(got.weights.flip(2), want.weights)


@given(questions())
def test_the_bias_of_the_score_cancels_in_the_paper(case: Any):
    regions, query, (hop, _) = case
    other = hop._replace(bias_score=hop.bias_score + 1)
    torch.testing.assert_close(attend(regions, query, other).query, attend(regions, query, hop).query)


def test_the_variants_differ_and_in_the_release_the_bias_of_the_score_matters():
    regions, query = torch.randn(1, 5, 2), torch.randn(1, 2)
    hop = Hop(torch.randn(3, 2), torch.randn(3, 2), torch.randn(3), torch.randn(3), torch.tensor(0.5))
    paper, release = (attend(regions, query, hop, variant=v).query for v in ("paper", "release"))
    assert not torch.allclose(paper, release, atol=1e-3)
    moved = attend(regions, query, hop._replace(bias_score=hop.bias_score + 1), variant="release").query
    assert not torch.allclose(moved, release, atol=1e-3)


def test_without_preference_the_mean_of_the_regions_is_added_to_the_query():
    regions, query = torch.tensor([[[1.0, 0.0], [3.0, 6.0]]]), torch.tensor([[10.0, 20.0]])
    none = Hop(*(torch.zeros(shape) for shape in ((4, 2), (4, 2), (4,), (4,), ())))
    got = stacked_attention(regions, query, [none, none])
    assert got.query.tolist() == [[14, 26]]  # not [[2, 3]]: the query stays in the sum, both times
    assert got.weights.unique().tolist() == [0.5]


def test_huge_scores_stay_finite():
    regions = torch.tensor([[[1.0], [-1.0]]])
    hop = Hop(torch.ones(1, 1), torch.zeros(1, 1), torch.zeros(1), torch.tensor([1e5]), torch.tensor(0.0))
    assert attend(regions, torch.zeros(1, 1), hop).weights.tolist() == [[1, 0]]


def test_a_hop_has_1311745_parameters_and_512_more_in_the_release():
    d, k, R = 1280, 512, 196  # of the VQA model
    shapes = {"weight_region": (k, d), "weight_query": (k, d), "bias": (k,), "weight_score": (k,), "bias_score": ()}
    paper = Hop(**{name: torch.zeros(shape) for name, shape in shapes.items()})
    release = paper._replace(bias_region=torch.zeros(k))
    for hop, parameters, variant in ((paper, 1_311_745, "paper"), (release, 1_312_257, "release")):
        assert sum(weight.numel() for weight in hop if weight is not None) == parameters
        got = stacked_attention(torch.zeros(1, R, d), torch.zeros(1, d), [hop, hop], variant=variant)
        assert (got.query.shape, got.weights.shape) == ((1, d), (1, 2, R))


@VARIANTS
def test_gradients_are_right(variant: str):
    shapes = ((2, 4, 3), (2, 3), (2, 3), (2, 3), (2,), (2,), (), (2,))
    inputs = tuple(torch.randn(shape, dtype=torch.float64).requires_grad_() for shape in shapes)

    def twice(regions: Any, query: Any, *weights: Any) -> Any:
        return stacked_attention(regions, query, [Hop(*weights)] * 2, variant=variant)

    assert torch.autograd.gradcheck(twice, inputs)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    shapes = ((2, 4, 3), (2, 3), (2, 3), (2, 3), (2,), (2,), ())
    inputs = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    there = [t.cuda() for t in inputs]
    got = attend(there[0], there[1], Hop(*there[2:])).query.cpu()
    torch.testing.assert_close(got, attend(inputs[0], inputs[1], Hop(*inputs[2:])).query)


REGIONS, QUERY = torch.zeros(2, 4, 3), torch.zeros(2, 3)
HOP = Hop(torch.zeros(5, 3), torch.zeros(5, 3), torch.zeros(5), torch.zeros(5), torch.zeros(()))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: attend(REGIONS[0], QUERY, HOP),
            ShapeError,
            r"regions: expected \(N, R, d\) .* got \(4, 3\); x.flatten",
        ),
        (lambda: attend(REGIONS[:, :0], QUERY, HOP), ShapeError, r"regions: .* one region or more, got \(2, 0, 3\)"),
        (lambda: attend(REGIONS.long(), QUERY, HOP), OptionError, "regions: expected a float dtype"),
        (lambda: attend(REGIONS, QUERY[:, :2], HOP), ShapeError, r"query: expected \(2, 3\), as wide as a region"),
        (
            lambda: attend(REGIONS, QUERY, HOP._replace(weight_query=torch.zeros(3, 5))),
            ShapeError,
            r"hop.weight_query: expected \(5, 3\), with k = 5 and d = 3, got \(3, 5\)",
        ),
        (
            lambda: attend(REGIONS, QUERY, HOP._replace(bias=torch.zeros(5, 1))),
            ShapeError,
            r"hop.bias: expected \(k,\), got \(5, 1\)",
        ),
        (
            lambda: attend(REGIONS, QUERY, HOP._replace(bias_region=torch.zeros(4))),
            ShapeError,
            r"hop.bias_region: expected \(5,\), with k = 5, got \(4,\)",
        ),
        (
            lambda: attend(REGIONS, QUERY, HOP._replace(weight_score=torch.zeros(5).double())),
            OptionError,
            "hop.weight_score: expected the dtype of the input, torch.float32, got torch.float64",
        ),
        (lambda: attend(REGIONS, QUERY, HOP, variant="copy"), OptionError, "variant: expected 'paper' or 'release'"),
        (
            lambda: stacked_attention(REGIONS, QUERY, []),
            OptionError,
            "hops: expected the weights of one hop or more, g",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
