"""Support vector machines: the optimum, the bias, costs, and hard negatives."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.models.detection import svm as module
from reference.models.detection.svm import RELEASE, LinearSVM, SVMOptions, fit_svm, mine_svm


def clouds(P: int = 12, N: int = 30, F: int = 5, gap: float = 1.0) -> tuple[Tensor, Tensor]:
    torch.manual_seed(P)
    return torch.randn(P, F).double() + gap, torch.randn(N, F).double()


def objective(plane: LinearSVM, positive: Tensor, negative: Tensor, options: SVMOptions) -> float:
    hinge = options.positive_weight * (1 - plane.score(positive)).clamp(min=0).sum()
    hinge = hinge + (1 + plane.score(negative)).clamp(min=0).sum()
    held = plane.weight.square().sum() + (plane.bias / options.bias_feature) ** 2
    return float(held / 2 + options.cost * hinge)


@pytest.mark.parametrize("cost", [1e-3, 0.05, 0.1])
def test_no_other_plane_is_better(cost: float):
    positive, negative = clouds()
    options = RELEASE._replace(cost=cost)
    plane = fit_svm(positive, negative, options, tolerance=1e-6)
    best = objective(plane, positive, negative, options)
    for seed in range(200):
        generator = torch.Generator().manual_seed(seed)
        step = 10.0 ** -(seed % 5)
        weight = plane.weight + step * torch.randn(5, generator=generator, dtype=torch.float64)
        bias = plane.bias + step * torch.randn((), generator=generator, dtype=torch.float64)
        assert objective(LinearSVM(weight, bias), positive, negative, options) >= best - 1e-6


def test_separable_clouds_get_the_widest_margin():
    positive, negative = torch.tensor([[3.0, 1.0], [3.0, -1.0]]), torch.tensor([[1.0, 0.0], [0.0, 5.0]])
    plane = fit_svm(positive, negative, SVMOptions(cost=10.0, positive_weight=1.0), tolerance=1e-6)
    assert plane.weight.tolist() == pytest.approx([1.0, 0.0], abs=0.01)  # half way between 1 and 3
    assert plane.bias.item() == pytest.approx(-2.0, abs=0.01)


def test_the_releases_numbers():
    assert tuple(RELEASE) == (1e-3, 2.0, 10.0)


def test_positives_weigh_more_where_they_are_rare():
    positive, negative = clouds(gap=0.5)
    plain, heavy = (fit_svm(positive, negative, SVMOptions(0.1, weight, 10.0)) for weight in (1.0, 5.0))
    assert heavy.score(positive).mean() > plain.score(positive).mean()


def count_fits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sizes: list[tuple[int, int]] = []

    def counted(positive: Tensor, negative: Tensor, options: SVMOptions) -> LinearSVM:
        sizes.append((len(positive), len(negative)))
        return fit_svm(positive, negative, options)

    monkeypatch.setattr(module, "fit_svm", counted)
    return sizes


OPTIONS = SVMOptions(cost=0.1)


def test_only_hard_negatives_of_later_images_are_kept(monkeypatch: pytest.MonkeyPatch):
    sizes = count_fits(monkeypatch)
    positive, negative = clouds(gap=3.0)
    first = fit_svm(positive, negative[:10], OPTIONS)
    far = negative[10:] - 20  # surely outside
    near = positive[:4] - 0.5  # surely inside, and negative
    assert (first.score(far) < -1.2).all()
    assert (first.score(near) > -1).all()
    mine_svm(positive, [negative[:10], torch.cat([far, near])], OPTIONS)
    left = int((first.score(negative[:10]) >= -1.2).sum())  # easy ones of the first image are forgotten
    assert sizes == [(12, 10), (12, left + 4)]


def test_hard_negatives_give_nearly_the_plane_of_all():
    positive, negative = clouds(P=20, N=90, gap=1.5)
    parts = list(negative.split(15))
    mined, full = mine_svm(positive, parts, OPTIONS, retrain_after=5), fit_svm(positive, negative, OPTIONS)
    assert objective(mined, positive, negative, OPTIONS) <= 1.05 * objective(full, positive, negative, OPTIONS)


def test_the_plane_is_found_anew_after_enough_negatives(monkeypatch: pytest.MonkeyPatch):
    sizes = count_fits(monkeypatch)
    positive, negative = clouds(gap=0.1)  # hardly apart: all are hard
    mine_svm(positive, list(negative.split(5)), RELEASE, retrain_after=8)
    assert [fits for _, fits in sizes] == [5, 15, 25, 30]  # the first, each after 10 more, and the last


def test_an_image_without_negatives_is_passed_over():
    positive, negative = clouds()
    plane = mine_svm(positive, [negative[:0], negative])
    torch.testing.assert_close(plane.weight, fit_svm(positive, negative).weight)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit_svm(torch.zeros(2, 3), torch.zeros(2, 4)), ShapeError, r"negative: .* got \(2, 3\) and \(2, 4\)"),
        (lambda: fit_svm(torch.zeros(0, 3), torch.zeros(2, 3)), ShapeError, "none empty"),
        (
            lambda: fit_svm(torch.zeros(2, 3), torch.zeros(2, 3), SVMOptions(cost=0.0)),
            OptionError,
            "cost: expected a number of at least",
        ),
        (
            lambda: mine_svm(torch.zeros(2, 3), [torch.zeros(0, 3)]),
            ShapeError,
            "negatives: expected one example or more, got none in 1 images",
        ),
    ],
)
def test_arguments_of_no_use_are_named(call: Any, error: Any, message: str):
    with pytest.raises(error, match=message):
        call()
