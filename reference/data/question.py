"""Questions about pictures of shapes, and their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reference.data.shape import COLOURS, SHAPES, Shapes, shapes
from reference.errors import require_at_least

KINDS = SHAPES[:3]  # what the pictures show
VOCABULARY = (
    "",
    "what",
    "colour",
    "shape",
    "is",
    "the",
    "how",
    "many",
    "are",
    "there",
    "a",
    "left",
    "of",
    *KINDS,
    *COLOURS,
)
LENGTH = 7  # words of the longest question
ANSWERS = ("no", "yes", "0", "1", "2", "3", "4", *COLOURS, *KINDS)


@dataclass(frozen=True, slots=True)
class Questions:
    """One question a picture.

    Shape:
        images:       (N, 3, side, side) float32, 0 to 1
        questions:    (N, 7) int64, words as places in `vocabulary`, 0 after the last word
        answers:      (N,) int64, places in `answer_names`
        vocabulary:   the words; word 0 is the padding
        answer_names: what can be answered: no, yes, 0 to 4, four colours, three shapes
        scenes:       what the pictures show
    """

    images: Tensor
    questions: Tensor
    answers: Tensor
    vocabulary: tuple[str, ...]
    answer_names: tuple[str, ...]
    scenes: Shapes

    def text(self, number: int) -> str:
        """One question in words."""
        return " ".join(self.vocabulary[word] for word in self.questions[number].tolist() if word)


def questions(count: int, side: int = 64, *, seed: int = 0) -> Questions:
    """Ask about shapes, colours, numbers and places, in five kinds of sentences.

        what colour is the disc            asked only where there is one disc
        what shape is red                  asked only where one shape is red
        how many disc are there            0 to 4
        is there a red disc                as often yes as no
        is the disc left of the square     compares the middles of their boxes; one of each

    The words do not bend for plurals, to keep the vocabulary small.

    Args:
        count: Pictures and questions, N.
        side: Height and width of the pictures; at least 16.
        seed: Equal seeds give equal questions; at least 0.

    Raises:
        OptionError: A number is no integer or too small.

    Example:
        >>> data = questions(1, side=32)
        >>> data.text(0), data.answer_names[data.answers[0]]
        ('is the square left of the disc', 'no')
    """
    require_at_least("count", count, 1)
    scenes = shapes(count, side, seed=seed, classes=len(KINDS))
    words, answers = [], []
    for number in range(count):
        random = np.random.default_rng((seed, 2, number))
        scene = _Scene(
            [SHAPES[kind - 1] for kind in scenes.classes[number].tolist()],
            [COLOURS[colour] for colour in scenes.colours[number].tolist()],
            ((scenes.boxes[number][:, 0] + scenes.boxes[number][:, 2]) / 2).tolist(),
        )
        sentence, answer = _ask(random, scene)
        tokens = [VOCABULARY.index(word) for word in sentence.split()]
        words.append(tokens + [0] * (LENGTH - len(tokens)))
        answers.append(ANSWERS.index(answer))
    return Questions(scenes.images, torch.tensor(words), torch.tensor(answers), VOCABULARY, ANSWERS, scenes)


@dataclass(frozen=True, slots=True)
class _Scene:
    kinds: list[str]
    colours: list[str]
    middles: list[float]  # x of each shape's box

    def single_kinds(self) -> list[str]:
        return [kind for kind in KINDS if self.kinds.count(kind) == 1]

    def single_colours(self) -> list[str]:
        return [colour for colour in COLOURS if self.colours.count(colour) == 1]


def _ask(random: np.random.Generator, scene: _Scene) -> tuple[str, str]:
    """Draw a kind of question that this picture allows, and answer it."""
    kinds, colours = scene.single_kinds(), scene.single_colours()
    allowed = ["many", "there"] + ["colour"] * bool(kinds) + ["shape"] * bool(colours) + ["left"] * (len(kinds) > 1)
    match random.choice(allowed):
        case "colour":
            kind = str(random.choice(kinds))
            return f"what colour is the {kind}", scene.colours[scene.kinds.index(kind)]
        case "shape":
            colour = str(random.choice(colours))
            return f"what shape is {colour}", scene.kinds[scene.colours.index(colour)]
        case "many":
            kind = str(random.choice(KINDS))
            return f"how many {kind} are there", str(scene.kinds.count(kind))
        case "left":
            one, other = (str(kind) for kind in random.permutation(kinds)[:2])
            is_left = scene.middles[scene.kinds.index(one)] < scene.middles[scene.kinds.index(other)]
            return f"is the {one} left of the {other}", "yes" if is_left else "no"
        case _:
            wanted = bool(random.integers(2))
            shown = set(zip(scene.colours, scene.kinds, strict=True))
            pairs = [(colour, kind) for colour in COLOURS for kind in KINDS if ((colour, kind) in shown) == wanted]
            colour, kind = pairs[int(random.integers(len(pairs)))]
            return f"is there a {colour} {kind}", "yes" if wanted else "no"
