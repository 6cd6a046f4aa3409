import numpy as np
import pytest
import torch
from torch import nn

from grader.network.memo import Memo, Reference

X = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
WEIGHTS = {"0.weight": np.random.default_rng(1).standard_normal((4, 3, 3, 3)), "0.bias": np.ones(4)}


class Counted(nn.Sequential):
    """A small network that counts how often it runs."""

    runs = 0

    def __init__(self, channels=4):
        super().__init__(nn.Conv2d(3, channels, 3), nn.BatchNorm2d(channels), nn.Dropout(0.5))

    def forward(self, x):
        type(self).runs += 1
        return super().forward(x)


@pytest.fixture(autouse=True)
def zero():
    Counted.runs = 0


def story(reference, *, weights=WEIGHTS, x=X):
    """What a check asks a reference, in order."""
    yield reference("model.build", name="Net", kwargs={"channels": 4}, dtype="float64")
    yield reference("model.trace", x=x, training=False, values=[0])
    yield reference("model.load", state=weights)
    yield reference("model.forward", inputs=[x, x[:1]], training=True)
    yield reference("model.gradients", x=x, grad_y=np.ones((2, 4, 4, 4)), training=True)
    yield reference("model.forward", inputs=[x], training=False)  # with the statistics of all that was before


def same(left, right):
    if isinstance(left, np.ndarray):
        return np.array_equal(left, right) and left.dtype == right.dtype
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def answers(memo, **changes):
    return list(story(Reference(Counted, memo), **changes))


def test_answers_from_memory_are_those_of_the_network():
    memo = Memo()
    first = answers(memo)
    runs = Counted.runs

    assert same(answers(memo), first)
    assert Counted.runs == runs
    assert same(answers(Memo()), first)


def test_a_caller_may_change_an_answer():
    memo = Memo()
    first = answers(memo)
    for answer in answers(memo):
        for array in answer.get("outputs", []):
            array += 1

    assert same(answers(memo), first)


@pytest.mark.parametrize(
    "changes", [{"weights": {"0.weight": WEIGHTS["0.weight"] + 1e-9}}, {"x": X + 1e-9}], ids=["weights", "images"]
)
def test_other_weights_and_other_images_are_asked_anew(changes):
    memo = Memo()
    answers(memo)
    runs = Counted.runs

    assert same(answers(memo, **changes), answers(Memo(), **changes))
    assert Counted.runs > runs


def test_a_request_that_is_new_finds_the_network_in_the_state_that_memory_has_skipped():
    memo = Memo()
    answers(memo)
    reference, other = Reference(Counted, memo), Reference(Counted, Memo())
    list(story(reference))
    list(story(other))
    request = {"inputs": [X * 2], "training": False}

    assert same(reference("model.forward", **request), other("model.forward", **request))


def test_a_network_that_is_built_again_has_forgotten_what_it_was_asked():
    memo = Memo()
    reference = Reference(Counted, memo)
    first = list(story(reference))

    assert same(list(story(reference)), first)


def test_networks_of_two_classes_are_not_mixed_up():
    class Other(Counted):
        def forward(self, x):
            return super().forward(x) * 2

    memo = Memo()
    answers(memo)
    found = list(story(Reference(Other, memo)))

    assert np.array_equal(found[3]["outputs"][0], answers(Memo())[3]["outputs"][0] * 2)


def test_the_least_recently_used_answers_are_forgotten():
    memo = Memo(max_bytes=10_000)
    first = answers(memo)
    few = len(memo)

    assert 0 < few < 6
    assert same(answers(memo), first)
    assert len(memo) <= few


def test_global_random_numbers_are_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    answers(Memo())

    assert torch.equal(torch.get_rng_state(), before)
