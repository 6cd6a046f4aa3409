"""Questions about shapes: the answers are found again in the pixels alone."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import Tensor

from reference.data import Questions, questions, shapes
from reference.errors import OptionError


@pytest.fixture(scope="module")
def data() -> Questions:
    return questions(150, side=48, seed=2)


def seen(image: Tensor) -> list[tuple[str, str, float]]:
    """What stands in a picture, found by looking: (colour, kind, x of the middle), without any label.

    Coloured pixels are strongly unlike in their channels; neighbours make a shape; the part of its
    box that a shape fills tells a square (1) from a disc (0.79) and a triangle (0.5).
    """
    left = {(int(row), int(column)) for row, column in torch.nonzero(image.amax(0) - image.amin(0) > 0.35)}
    found = []
    while left:
        waiting, shape = [left.pop()], []
        while waiting:
            row, column = waiting.pop()
            shape.append((row, column))
            for place in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if place in left:
                    left.discard(place)
                    waiting.append(place)
        rows, columns = zip(*shape, strict=True)
        pixel = torch.stack([image[:, row, column] for row, column in shape]).mean(0)
        area = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
        filled = len(shape) / area
        kind = "square" if filled > 0.89 else "disc" if filled > 0.65 else "triangle"
        names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 0): "yellow"}
        colour = names[tuple((pixel > 0.5).int().tolist())]
        found.append((colour, kind, (min(columns) + max(columns)) / 2))
    return found


def answer(sentence: str, image: Tensor) -> str:
    things = seen(image)
    words = sentence.split()
    match words:
        case ["what", "colour", "is", "the", kind]:
            [colour] = [thing[0] for thing in things if thing[1] == kind]
            return colour
        case ["what", "shape", "is", colour]:
            [kind] = [thing[1] for thing in things if thing[0] == colour]
            return kind
        case ["how", "many", kind, "are", "there"]:
            return str(sum(thing[1] == kind for thing in things))
        case ["is", "there", "a", colour, kind]:
            return "yes" if any(thing[:2] == (colour, kind) for thing in things) else "no"
        case ["is", "the", one, "left", "of", "the", other]:
            [x], [y] = ([thing[2] for thing in things if thing[1] == kind] for kind in (one, other))
            return "yes" if x < y else "no"
    raise AssertionError(sentence)


def test_answers_are_true_of_the_pixels(data: Questions):
    for number in range(150):
        given = data.answer_names[data.answers[number]]
        assert given == answer(data.text(number), data.images[number]), (number, data.text(number))


def test_every_kind_of_question_and_every_answer_occurs():
    data = questions(400, side=16, seed=0)
    starts = Counter(" ".join(data.text(number).split()[:2]) for number in range(400))
    assert set(starts) == {"what colour", "what shape", "how many", "is there", "is the"}
    assert min(starts.values()) > 20
    assert set(data.answers.tolist()) == set(range(len(data.answer_names)))


def test_yes_and_no_are_about_as_frequent():
    data = questions(400, side=16, seed=0)
    counts = Counter(data.answer_names[index] for index in data.answers.tolist())
    assert 0.6 < counts["yes"] / counts["no"] < 1.6


def test_words_are_places_in_the_vocabulary_and_zeros_stand_at_the_end_only(data: Questions):
    assert data.questions.shape == (150, 7)
    assert data.questions.dtype == data.answers.dtype == torch.int64
    assert data.vocabulary[0] == ""
    assert len(set(data.vocabulary)) == len(data.vocabulary)
    assert int(data.questions.max()) < len(data.vocabulary)
    assert set(data.questions.flatten().tolist()) == set(range(len(data.vocabulary)))  # no word is idle
    for row in data.questions.tolist():
        words = [word for word in row if word]
        assert row == words + [0] * (7 - len(words))


def test_the_pictures_are_those_of_shapes(data: Questions):
    again = shapes(150, 48, seed=2, classes=3)
    assert torch.equal(data.images, again.images)
    assert torch.equal(data.scenes.labels_per_pixel, again.labels_per_pixel)


def test_a_seed_gives_one_data_set_and_its_beginning_is_a_smaller_one():
    one, same, longer, other = (questions(n, 16, seed=s) for n, s in ((9, 5), (9, 5), (14, 5), (9, 6)))
    assert torch.equal(one.questions, same.questions)
    assert torch.equal(one.answers, same.answers)
    assert torch.equal(one.questions, longer.questions[:9])
    assert not torch.equal(one.questions, other.questions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count: expected an integer of at least 1, got 0"),
        ({"side": 15}, "side: expected an integer of at least 16, got 15; four shapes must fit beside each other"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
    ],
)
def test_options_of_no_use_are_named(options: dict[str, int], message: str):
    with pytest.raises(OptionError) as error:
        questions(**({"count": 1} | options))
    assert str(error.value) == message
