"""The part model: equal to the inference of a DPM place by place, and each of its layers where the paper has it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.errors import OptionError, ShapeError
from reference.layers import correlate2d
from reference.models import Component, Level, PartModel, latent_svm_loss
from tests.smoke import DEVICES, assert_learns

WIDE = Component((2, 4), ((0, 0), (0, 2)))
TALL = Component((4, 2), ((0, 0), (2, 0), (1, 0)))


def model(*components: Component, **options: Any) -> PartModel:
    net = PartModel(3, components or (WIDE, TALL), **({"part_size": (2, 2)} | options)).double()
    for parameter in net.parameters():
        nn.init.normal_(parameter)
    return net


def pyramid(*sides: tuple[int, int], images: int = 2) -> list[Tensor]:
    return [torch.randn(images, 3, *side, dtype=torch.float64) for side in sides]


def slow_score(part: Any, coarse: Tensor, fine: Tensor, i: int, j: int, border: int) -> Tensor:
    """A root at one place of one image: its filter, and for each part every place of the map."""
    rows, columns = part.component.root
    score = (part.root.weight[0] * coarse[:, i : i + rows, j : j + columns]).sum() + part.root.bias[0]
    k_h, k_w = part.parts.kernel_size
    for p, (row, column) in enumerate(part.component.anchors):
        a, b, e, f = part.costs[p]
        y, x = part.step * i + row - (part.step - 1) * border, part.step * j + column - (part.step - 1) * border
        if not (0 <= y <= fine.shape[1] - k_h and 0 <= x <= fine.shape[2] - k_w):
            return torch.tensor(-torch.inf).double()
        offers = [
            (part.parts.weight[p] * fine[:, q : q + k_h, r : r + k_w]).sum()
            - (a * (r - x) ** 2 + b * (r - x) + e * (q - y) ** 2 + f * (q - y))
            for q, r in itertools.product(range(fine.shape[1] - k_h + 1), range(fine.shape[2] - k_w + 1))
        ]
        score = score + torch.stack(offers).max()
    return score


@pytest.mark.parametrize(("octaves", "border"), [(0, 0), (1, 0), (1, 1)])
def test_scores_are_those_of_the_inference_place_by_place(octaves: int, border: int):
    net = model(part_octaves=octaves, levels_per_octave=1, padding=border)
    maps = pyramid((9, 10), (5, 4), images=1)
    levels = net(maps)
    assert [level.number for level in levels] == ([0, 1] if octaves == 0 else [1])
    level = levels[-1]
    N, H, W = level.scores.shape
    assert (H, W) == (4, 3)  # the smallest root height is 2 and width is 2
    coarse, fine = maps[1], maps[1 - octaves]
    for n, i, j in itertools.product(range(N), range(H), range(W)):
        scores = [
            slow_score(part, coarse[n], fine[n], i, j, border)
            for part in net.components
            if i + part.component.root[0] <= 5 and j + part.component.root[1] <= 4
        ]
        want = torch.stack(scores).max() if scores else torch.tensor(-torch.inf).double()
        torch.testing.assert_close(level.scores[n, i, j], want)


def test_the_best_component_wins_and_is_named():
    net = model()
    (level,) = net(pyramid((6, 7)))
    alone = []
    for n, part in enumerate(net.components):
        single = PartModel(3, (part.component,), part_size=(2, 2)).double()
        single.components[0].load_state_dict(part.state_dict())
        torch.manual_seed(0)
        (own,) = single(pyramid((6, 7)))
        alone.append(F.pad(own.scores, (0, 6 - own.scores.shape[2], 0, 5 - own.scores.shape[1]), value=-torch.inf))
        assert own.components.unique().tolist() == [0]
        assert alone[n].shape == (2, 5, 6)
    torch.manual_seed(0)
    (level,) = net(pyramid((6, 7)))
    best = torch.stack(alone)
    assert torch.equal(level.scores, best.amax(0))
    assert torch.equal(best.gather(0, level.components[None])[0], level.scores)
    assert level.components.unique().tolist() == [0, 1]


def test_a_component_that_does_not_fit_leaves_the_numbers_of_the_others():
    (level,) = model()(pyramid((5, 3)))  # too narrow for the first
    assert level.components.unique().tolist() == [1]
    assert level.scores.shape == (2, 2, 2)


@pytest.mark.parametrize("octaves", [0, 1])
def test_geometry_is_a_sparse_convolution(octaves: int):
    """Parts that may not stray are added by filters that are 1 at the anchor."""
    component = Component((3, 3), ((0, 1), (1, 0)))
    net = model(component, reach=0, part_octaves=octaves, levels_per_octave=1)
    coarse, fine = pyramid((5, 6), images=1)[0], pyramid((10, 12), images=1)[0]
    part: Any = net.components[0]
    step = 2**octaves
    found = correlate2d(fine if octaves else coarse, part.parts.weight)
    geometry = torch.zeros(1, 2, 2, 2).double()
    for p, (row, column) in enumerate(component.anchors):
        geometry[0, p, row, column] = 1
    want = correlate2d(coarse, part.root.weight, part.root.bias)
    want = want + correlate2d(found, geometry, stride=step)[:, :, : want.shape[2], : want.shape[3]]
    (level,) = net([fine, coarse] if octaves else [coarse])
    torch.testing.assert_close(level.scores, want[:, 0])


def test_prices_of_squares_stay_above_0_whatever_is_learned():
    part: Any = model().components[0]
    nn.init.constant_(part.deformation, -50.0)
    assert (part.costs[:, [0, 2]] > 0).all()
    assert (part.costs[:, [1, 3]] == -50).all()
    fresh: Any = PartModel(3, (WIDE,), part_size=(2, 2)).components[0]
    torch.testing.assert_close(fresh.costs, torch.tensor([[0.1, 0, 0.1, 0]]).expand(2, 4))


def test_dear_parts_stay_at_their_anchor_and_free_ones_go_anywhere():
    net = model(WIDE)
    part: Any = net.components[0]
    maps = pyramid((6, 7))
    found, root = part.parts(maps[0]), part.root(maps[0])[:, 0]
    nn.init.constant_(part.deformation, 1e4)
    part.deformation.data[:, [1, 3]] = 0
    at_anchor = root + found[:, 0, :5, :4] + found[:, 1, :5, 2:6]
    torch.testing.assert_close(net(maps)[0].scores, at_anchor)
    part.deformation.data[:, [0, 2]] = -1e4
    anywhere = root + found.amax((2, 3)).sum(1)[:, None, None]
    torch.testing.assert_close(net(maps)[0].scores, anywhere)


def test_the_gradient_reaches_filters_prices_and_features():
    net = model(WIDE)
    maps = [level.requires_grad_() for level in pyramid((6, 7))]
    net(maps)[0].scores[0, 2, 1].backward()
    part: Any = net.components[0]
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in net.parameters())
    assert part.root.bias.grad.item() == 1
    assert maps[0].grad is not None
    assert maps[0].grad[0].any()
    assert not maps[0].grad[1].any()  # another image


def test_prices_have_the_gradient_of_the_way_that_was_gone():
    component = Component((1, 1), ((0, 0),))
    net = model(component, part_size=(1, 1))
    part: Any = net.components[0]
    nn.init.zeros_(part.root.weight)
    nn.init.ones_(part.parts.weight)
    nn.init.constant_(part.deformation, -9.0)  # nearly free
    part.deformation.data[:, [1, 3]] = 0
    x = torch.zeros(1, 3, 4, 5).double()
    x[0, 0, 3, 1] = 10
    costs = part.costs
    (gradient,) = torch.autograd.grad(net([x])[0].scores[0, 1, 4], part.deformation)
    dx, dy = 1 - 4, 3 - 1
    slope = torch.sigmoid(part.deformation[0, 0])
    torch.testing.assert_close(
        gradient[0], torch.stack([-(dx**2) * slope, -dx + 0 * slope, -(dy**2) * slope, -dy + 0 * slope])
    )
    assert (costs[0, [0, 2]] < 1e-3).all()


def test_levels_are_those_that_have_parts_and_room():
    sides = [(12, 12), (8, 8), (6, 6), (4, 4), (1, 9)]
    assert [level.number for level in model()(pyramid(*sides))] == [0, 1, 2, 3]
    fine = model(part_octaves=1)
    assert [level.number for level in fine(pyramid(*sides))] == [2, 3]


def test_the_loss_is_a_hinge_on_the_best_place_of_all_levels():
    def level(number: int, values: list[list[float]]) -> Level:
        scores = torch.tensor(values)[:, None]
        return Level(number, scores, torch.zeros_like(scores, dtype=torch.int64))

    levels = [level(0, [[0.2, -1.0], [-5.0, -1.5]]), level(1, [[0.4], [-0.5]])]
    assert latent_svm_loss(levels, torch.tensor([1, -1])).item() == pytest.approx(((1 - 0.4) + (1 - 0.5)) / 2)
    assert latent_svm_loss(levels, torch.tensor([-1, 1])).item() == pytest.approx(((1 + 0.4) + (1 + 0.5)) / 2)
    with pytest.raises(ShapeError, match=r"labels: expected \(2,\), one an image, got \(1,\)"):
        latent_svm_loss(levels, torch.tensor([1]))
    with pytest.raises(OptionError, match=r"labels: expected 1 for an object and -1 for none, got \[0, 1\]"):
        latent_svm_loss(levels, torch.tensor([1, 0]))


@pytest.mark.parametrize("device", DEVICES)
def test_it_learns_a_tiny_batch(device: str):
    net = PartModel(3, (WIDE, TALL), part_size=(2, 2)).to(device)
    maps = [level.float().to(device) for level in pyramid((6, 7), (4, 5), images=4)]
    labels = torch.tensor([1, -1, 1, -1], device=device)
    assert_learns(lambda: latent_svm_loss(net(maps), labels), net.parameters(), lr=0.02)


@pytest.mark.gpu
def test_the_device_does_not_matter():
    net, maps = model(), pyramid((6, 7))
    want = net(maps)[0].scores
    torch.testing.assert_close(net.cuda()([level.cuda() for level in maps])[0].scores.cpu(), want)


def test_pyramids_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"pyramid: expected levels of \(N, 3, H, W\), got \(1, 2, 5, 5\)"):
        model()([torch.zeros(1, 2, 5, 5).double()])
    with pytest.raises(
        ShapeError, match=r"a level 2 or coarser that holds a root, 2 x 2 cells .*\[\(8, 8\)\]; enlarge"
    ):
        model(part_octaves=1)(pyramid((8, 8)))
    with pytest.raises(
        ShapeError, match=r"a level 0 or coarser that holds a root, 2 x 2 cells or more, got \[\(1, 9\)\]"
    ):
        model()(pyramid((1, 9)))


def test_options_of_no_use_are_named():
    with pytest.raises(OptionError, match="components: expected one or more, got none"):
        PartModel(3, ())
    with pytest.raises(
        OptionError, match=r"anchors from 0 to 1 on axis 1, so that the part lies in the root, got \(0, 2\)"
    ):
        PartModel(3, (Component((4, 4), ((0, 2),)),))
    PartModel(3, (Component((4, 4), ((0, 2),)),), part_octaves=1)
    with pytest.raises(OptionError, match=r"part_size: expected at most 2 on axis 1, the root's, got \(3, 3\)"):
        PartModel(3, (Component((4, 2), ((0, 0),)),))
    with pytest.raises(OptionError, match=r"part_octaves: expected 0 or 1, got 2"):
        PartModel(3, (WIDE,), part_octaves=2)
    with pytest.raises(OptionError, match=r"components: expected an integer of at least 1, got 0; a root has rows"):
        PartModel(3, (Component((0, 4), ()),))
    for name, least in (("channels", 1), ("levels_per_octave", 1), ("padding", 0), ("part_octaves", 0)):
        with pytest.raises(OptionError, match=f"{name}: expected an integer of at least {least}, got -1"):
            PartModel(**({"channels": 3, "components": (WIDE,), "part_size": (2, 2)} | {name: -1}))
