"""Super-pixels: means inside a region, who touches whom, and how the neighbours vote."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.layers import superpixel_mean2d, superpixel_neighbours, superpixel_smooth2d, superpixel_vote2d
from tests.strategies import tensors


@st.composite
def maps(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, super-pixels and an image; uneven sizes, and numbers left out."""
    N, C, D, H, W = (draw(st.integers(1, most)) for most in (2, 3, 2, 3, 4))
    numbers = draw(st.lists(st.integers(0, 4), min_size=N * H * W, max_size=N * H * W))
    return draw(tensors(N, C, H, W)), torch.tensor(numbers).reshape(N, H, W), draw(tensors(N, D, H, W)) / 4


def mean(x: Any, inside: Any) -> Any:
    """The mean over the pixels inside, per channel."""
    return x[:, inside].mean(1)


@given(maps())
def test_smoothing_equals_loops_over_regions(case: Any):
    x, regions, _ = case
    got = superpixel_smooth2d(x, regions)
    means = superpixel_mean2d(x, regions)
    for n in range(len(x)):
        for s in regions[n].unique().tolist():
            inside = (regions[n] == s).numpy()
            want = mean(x[n].numpy(), inside)
            np.testing.assert_allclose(means[n, :, s].numpy(), want, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(got[n].numpy()[:, inside], np.repeat(want[:, None], inside.sum(), 1), atol=1e-12)


@given(maps())
def test_smoothing_twice_is_smoothing_once_and_keeps_the_mean_of_the_image(case: Any):
    x, regions, _ = case
    once = superpixel_smooth2d(x, regions)
    torch.testing.assert_close(superpixel_smooth2d(once, regions), once)
    torch.testing.assert_close(once.mean((2, 3)), x.mean((2, 3)))


@given(maps())
def test_neighbours_equal_loops_over_pixels(case: Any):
    _, regions, _ = case
    got = superpixel_neighbours(regions)
    N, H, W = regions.shape
    want = torch.zeros_like(got)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for k, m in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                    if 0 <= k < H and 0 <= m < W and regions[n, i, j] != regions[n, k, m]:
                        want[n, regions[n, i, j], regions[n, k, m]] = True
    assert torch.equal(got, want)


@given(maps(), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0.5, 2.0]))
def test_votes_equal_loops_over_neighbours(case: Any, share: float, bandwidth: float):
    x, regions, image = case
    got = superpixel_vote2d(x, regions, image, share=share, bandwidth=bandwidth)
    touch = superpixel_neighbours(regions)
    for n in range(len(x)):
        inside = {s: (regions[n] == s).numpy() for s in regions[n].unique().tolist()}
        for s, here in inside.items():
            own = x[n].numpy()[:, here]
            others = [t for t in inside if touch[n, s, t]]
            if others:
                looks = mean(image[n].numpy(), here)
                weights = [
                    np.exp(-((looks - mean(image[n].numpy(), inside[t])) ** 2).sum() / (2 * bandwidth**2))
                    for t in others
                ]
                votes = sum(w * mean(x[n].numpy(), inside[t]) for w, t in zip(weights, others, strict=True)) / sum(
                    weights
                )
                own = (1 - share) * own + share * votes[:, None]
            np.testing.assert_allclose(got[n].numpy()[:, here], own, rtol=1e-9, atol=1e-9)


def test_who_looks_alike_has_more_of_a_say():
    regions = torch.tensor([[[0, 1, 2]]])
    x, image = torch.tensor([[[[0.0, 0.0, 1.0]]]]), torch.tensor([[[[0.9, 0.0, 0.1]]]])
    voted = superpixel_vote2d(x, regions, image, share=1, bandwidth=0.2)
    assert voted[0, 0, 0, 1] > 0.99  # the right one is nearly of the same grey
    assert superpixel_vote2d(x, regions, 0 * image, share=1)[0, 0, 0, 1] == 0.5  # without a look: the mean


def test_neighbours_that_look_all_different_still_vote():
    regions = torch.tensor([[[0, 1]]])
    x, image = torch.tensor([[[[2.0, 6.0]]]]), torch.tensor([[[[0.0, 1e4]]]])
    assert superpixel_vote2d(x, regions, image, share=0.5).tolist() == [[[[4, 4]]]]


def test_one_super_pixel_alone_keeps_its_scores():
    x = torch.randn(1, 2, 3, 4)
    assert torch.equal(superpixel_vote2d(x, torch.full((1, 3, 4), 2), x, share=1), x)


def test_regions_of_one_image_do_not_reach_into_another():
    x, regions = torch.randn(2, 2, 3, 4), torch.randint(0, 3, (2, 3, 4))
    both = superpixel_vote2d(superpixel_smooth2d(x, regions), regions, x)
    for n in range(2):
        one, where = x[n : n + 1], regions[n : n + 1]
        torch.testing.assert_close(superpixel_vote2d(superpixel_smooth2d(one, where), where, one), both[n : n + 1])


def test_gradients_are_right():
    regions = torch.tensor([[[0, 0, 1], [2, 3, 3]]])
    x, image = (torch.randn(1, 2, 2, 3, dtype=torch.float64).requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(lambda x: superpixel_smooth2d(x, regions), (x,))
    assert torch.autograd.gradcheck(lambda *args: superpixel_vote2d(args[0], regions, args[1], bandwidth=1), (x, image))


@pytest.mark.gpu
def test_the_device_does_not_matter():
    x, regions = torch.randn(2, 2, 5, 4, dtype=torch.float64), torch.randint(0, 6, (2, 5, 4))
    got = superpixel_vote2d(superpixel_smooth2d(x.cuda(), regions.cuda()), regions.cuda(), x.cuda()).cpu()
    torch.testing.assert_close(got, superpixel_vote2d(superpixel_smooth2d(x, regions), regions, x))


X, REGIONS = torch.zeros(2, 3, 4, 5), torch.zeros(2, 4, 5).long()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: superpixel_smooth2d(X[0], REGIONS), ShapeError, r"x: expected \(N, C, H, W\) .* got \(3, 4, 5\)"),
        (lambda: superpixel_smooth2d(X.long(), REGIONS), OptionError, "x: expected a float dtype"),
        (
            lambda: superpixel_smooth2d(X, REGIONS[:, :3]),
            ShapeError,
            r"regions: expected \(2, 4, 5\), one super-pixel for every pixel of x, got \(2, 3, 5\)",
        ),
        (lambda: superpixel_mean2d(X, REGIONS.float()), OptionError, "regions: expected the dtype torch.int64, got"),
        (lambda: superpixel_mean2d(X, REGIONS - 1), OptionError, "regions: expected numbers from 0, got -1"),
        (lambda: superpixel_neighbours(REGIONS[0]), ShapeError, r"regions: expected \(N, H, W\) with N, H, W of"),
        (lambda: superpixel_vote2d(X, REGIONS, X, share=1.5), OptionError, "share: expected a number from 0 to 1, got"),
        (lambda: superpixel_vote2d(X, REGIONS, X, bandwidth=0), OptionError, "bandwidth: expected a number above 0"),
        (lambda: superpixel_vote2d(X, REGIONS, X[:, :, :2]), ShapeError, r"regions: expected \(2, 2, 5\)"),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
