"""The neocognitron: learns without a teacher, one plane a pattern, and knows the pattern again where it has moved."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor

from reference.errors import OptionError, ShapeError
from reference.facts import published
from reference.models import Neocognitron, parameter_count
from reference.models.bitmap import digit_strokes
from reference.models.neocognitron import NEOCOGNITRON_TABLE

NEAR = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


@pytest.fixture(scope="module")
def taught() -> Neocognitron:
    """A net that was shown five digits 20 times, as in the paper."""
    net = Neocognitron()
    net.fit(digit_strokes())
    return net


def test_cells_and_weights_are_counted_as_in_print():
    net = Neocognitron()
    shapes = {name: tuple(u.shape[1:]) for name, u in net.layers(torch.zeros(1, 1, 16, 16)).items()}
    assert shapes == {
        "US1": (24, 16, 16),
        "UC1": (24, 10, 10),
        "US2": (24, 8, 8),
        "UC2": (24, 6, 6),
        "US3": (24, 2, 2),
        "UC3": (24, 1, 1),
    }
    cells = 16 * 16 + sum(torch.Size(shape).numel() for shape in shapes.values())
    assert cells == published("neocognitron.cells").value == 11_320
    weights = sum(stage.excitatory.numel() for stage in net.stages)
    assert weights == published("neocognitron.shared_weights").value == 29_400
    assert sum(stage.inhibitory.numel() for stage in net.stages) == 72


def test_the_constants_are_those_in_print():
    assert [(stage.r, stage.q) for stage in NEOCOGNITRON_TABLE] == [(4.0, 1.0), (1.5, 16.0), (1.5, 16.0)]
    assert [(stage.c_area, stage.column) for stage in NEOCOGNITRON_TABLE] == [(5, 5), (5, 5), (2, 2)]


def test_each_pattern_is_answered_by_one_plane_of_its_own(taught: Neocognitron):
    answers = taught(digit_strokes()) > 0
    assert answers.sum(1).tolist() == 5 * [1]
    assert answers.sum(0).max() == 1


def test_a_pattern_that_has_moved_by_one_is_known_again(taught: Neocognitron):
    known = taught(digit_strokes()).argmax(1)
    for shift in NEAR:
        answers = taught(digit_strokes().roll(shift, (2, 3)))
        assert torch.equal(answers.argmax(1), known), shift
        assert (answers.amax(1) > 0.3).all()


def test_most_patterns_that_have_moved_by_two_are_known_again(taught: Neocognitron):
    known = taught(digit_strokes()).argmax(1)
    far = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if max(abs(dy), abs(dx)) == 2]
    right = sum(int((taught(digit_strokes().roll(shift, (2, 3))).argmax(1) == known).sum()) for shift in far)
    assert right >= 0.6 * 5 * len(far)


def test_a_pattern_that_is_a_little_distorted_is_known_again(taught: Neocognitron):
    known = taught(digit_strokes()).argmax(1)
    bent = digit_strokes()
    bent[:, :, 8:] = bent[:, :, 8:].roll(1, 3)  # the lower half slides by a pixel
    assert torch.equal(taught(bent).argmax(1), known)


def test_nothing_is_seen_in_an_empty_picture(taught: Neocognitron):
    assert not taught(torch.zeros(1, 1, 16, 16)).any()


def test_before_it_has_learned_it_hardly_answers():
    assert Neocognitron()(digit_strokes()).max() < 0.01


def test_c_cells_forget_where_and_s_cells_do_not(taught: Neocognitron):
    """Of the S-planes of the first layer more changes when a digit moves than of the C-planes."""
    here, there = taught.layers(digit_strokes()[:1]), taught.layers(digit_strokes()[:1].roll(1, 3))
    agreement = {
        name: torch.cosine_similarity(here[name].flatten(), there[name].flatten(), dim=0).item()
        for name in ("US1", "UC1")
    }
    assert agreement["UC1"] > 0.75
    assert agreement["US1"] < agreement["UC1"] - 0.2


def test_without_the_blur_of_the_c_cells_what_has_moved_is_not_known():
    net = Neocognitron()
    for stage in net.stages[:2]:
        stage.c_fixed.mul_(torch.zeros(5, 5).index_put((torch.tensor(2), torch.tensor(2)), torch.tensor(1.0)))
    net.fit(digit_strokes(), 5)
    known = net(digit_strokes()).argmax(1)
    right = sum(int((net(digit_strokes().roll(shift, (2, 3))).argmax(1) == known).sum()) for shift in NEAR)
    assert right < 30  # of 45


def test_there_is_no_gradient_anywhere(taught: Neocognitron):
    assert parameter_count(taught) == 0
    answer = taught(digit_strokes().requires_grad_())
    assert not answer.requires_grad
    assert not any(buffer.requires_grad for buffer in taught.buffers())


def test_only_the_s_cells_learn():
    net = Neocognitron(planes=5)
    before = deepcopy(net.state_dict())
    net.learn(digit_strokes()[0])
    changed = {name for name, buffer in net.state_dict().items() if not torch.equal(buffer, before[name])}
    assert changed == {f"stages.{n}.{kind}" for n in range(3) for kind in ("excitatory", "inhibitory")}


def slow_representatives(s: Tensor, side: int) -> dict[int, tuple[int, int]]:
    """The rule of the paper, cell by cell."""
    planes, H, W = s.shape
    reach = range(-(side // 2), side // 2 + 1) if side % 2 else range(side)
    candidates: dict[int, list[tuple[float, int, int]]] = {}
    for i in range(H if side % 2 else 1):
        for j in range(W if side % 2 else 1):
            column = [
                (s[k, i + v, j + w].item(), k, i + v, j + w)
                for k in range(planes)
                for v in reach
                for w in reach
                if 0 <= i + v < H and 0 <= j + w < W
            ]
            value, plane, row, place = max(column, key=lambda cell: cell[0])
            if value > 0:
                candidates.setdefault(plane, []).append((value, row, place))
    return {plane: max(cells)[1:] for plane, cells in candidates.items()}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_representatives_are_the_strongest_of_their_column_and_of_their_plane(number: int):
    net = Neocognitron(planes=3)
    stage: Any = net.stages[number]
    n = stage.stage.s_side
    s = torch.rand(3, n, n) * (torch.rand(3, n, n) < 0.6)
    assert stage.representatives(s) == slow_representatives(s, stage.stage.column)
    assert stage.representatives(torch.zeros(3, n, n)) == {}


def test_a_plane_that_is_beaten_everywhere_does_not_learn():
    stage: Any = Neocognitron(planes=2).stages[2]
    s = torch.stack([torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.full((2, 2), 0.05)])
    assert stage.representatives(s) == {0: (1, 1)}


def test_a_representative_learns_what_it_saw_and_its_whole_plane_with_it():
    net = Neocognitron(planes=4).double()
    pattern = digit_strokes()[2].double()
    before = deepcopy(net.stages)
    (chosen, _, _) = net.learn(pattern)
    first, old = net.stages[0], before[0]
    framed = torch.nn.functional.pad(pattern[0], (2, 2, 2, 2))
    for plane in range(4):
        grown = first.excitatory[plane, 0] - old.excitatory[plane, 0]
        if plane not in chosen:
            assert not grown.any()
            assert first.inhibitory[plane] == 0
            continue
        i, j = chosen[plane]
        seen = framed[i : i + 5, j : j + 5]
        torch.testing.assert_close(grown, 1.0 * first.s_fixed * seen)
        want = (first.s_fixed * seen.square()).sum().sqrt()
        torch.testing.assert_close(first.inhibitory[plane], want)
    assert len(chosen) > 1
    after = net.layers(pattern[None])["US1"][0]
    moved = net.layers(pattern[None].roll(1, 3))["US1"][0]
    torch.testing.assert_close(moved[:, 2:-2, 4:-2], after[:, 2:-2, 3:-3])  # one weight set a plane


def test_what_was_learned_answers_better():
    net, pattern = Neocognitron(), digit_strokes()[1]
    plane, (i, j) = next(iter(net.learn(pattern)[0].items()))
    answers = [net.layers(pattern[None])["US1"][0, plane, i, j].item()]
    for _ in range(5):
        net.learn(pattern)
        answers.append(net.layers(pattern[None])["US1"][0, plane, i, j].item())
    assert answers == sorted(answers)
    assert answers[-1] > 3 * answers[0] > 0


def test_fixed_weights_fall_with_the_distance_and_weigh_1_in_all():
    for stage in Neocognitron(planes=3).stages:
        c, planes = stage.s_fixed, stage.excitatory.shape[1]
        assert (c * planes).sum().item() == pytest.approx(1)
        assert c[2, 2] > c[2, 3] > c[2, 4] > c[4, 4]
    first, _, last = Neocognitron(planes=3).stages
    assert first.c_fixed[2, 2] > first.c_fixed[2, 3] > first.c_fixed[0, 0]
    assert last.c_fixed.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]  # 2 x 2 around the place (1, 1)


def test_it_can_be_laid_out_without_memory():
    with torch.device("meta"):
        answer = Neocognitron()(torch.zeros(1, 1, 16, 16))
    assert answer.shape == (1, 24)


def test_the_seed_decides():
    same = [Neocognitron(planes=2, seed=seed).stages[0].excitatory for seed in (3, 3, 4)]
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], same[2])


@pytest.mark.gpu
def test_the_device_does_not_matter(taught: Neocognitron):
    want = taught(digit_strokes())
    torch.testing.assert_close(deepcopy(taught).cuda()(digit_strokes().cuda()).cpu(), want)


def test_what_it_cannot_be_shown_is_named():
    net = Neocognitron(planes=2)
    with pytest.raises(ShapeError, match=r"x: expected \(N, 1, 16, 16\), as .*, got .*; .* that works is 16 x 16$"):
        net(torch.zeros(1, 1, 28, 28))
    with pytest.raises(ShapeError, match=r"pattern: expected \(1, 16, 16\), got \(16, 16\)"):
        net.learn(torch.zeros(16, 16))
    with pytest.raises(OptionError, match=r"pattern: expected nothing below 0, got -1; 0 is background and 1 ink"):
        net.learn(torch.full((1, 16, 16), -1.0))
    with pytest.raises(OptionError, match=r"planes: expected an integer of at least 1, got 0"):
        Neocognitron(planes=0)
    with pytest.raises(OptionError, match=r"presentations: expected an integer of at least 1, got 0"):
        net.fit(digit_strokes(), 0)
