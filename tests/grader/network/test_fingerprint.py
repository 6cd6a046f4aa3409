"""What identifies a network's behaviour: equal for the same mistake in other clothes, different for another one."""

import pytest

from grader.diagnose import agree
from grader.network import fingerprint
from tests.grader.network.toys import KWARGS, RIGHT, edited, student

NEAREST = edited(("F.max_unpool2d(x, j, 2, output_size=inner)", "F.interpolate(x, inner)"))
NEAREST_TOO = edited(
    ("F.max_unpool2d(x, j, 2, output_size=inner)", "x.repeat_interleave(2, 2).repeat_interleave(2, 3)"),
    ("nn.ReLU()", "nn.ReLU(inplace=True)"),
)
DETACHED = edited(("x = self.b(x)", "x = self.b(x.detach())"))
RAISES = edited(("nn.Conv2d(2 * width, width, 3", "nn.Conv2d(width, width, 3"))


def prints(folder, code):
    one = student(folder, code)
    return (
        fingerprint.evaluation(one, "Toy", (1, 8, 8), **KWARGS),
        fingerprint.conduct(one, "Toy", (2, 8, 8), (1, 9, 13), **KWARGS),
    )


def test_the_same_mistake_is_recognised_in_other_clothes(tmp_path):
    assert agree(prints(tmp_path, NEAREST)[:1], prints(tmp_path, NEAREST_TOO)[:1])


@pytest.mark.parametrize("pair", [(RIGHT, NEAREST), (NEAREST, DETACHED), (RIGHT, DETACHED), (RAISES, RIGHT)])
def test_different_networks_are_told_apart(pair, tmp_path):
    first, second = (prints(tmp_path, code) for code in pair)

    assert not agree(first, second)
    assert not agree(second, first)


def test_a_detached_encoder_shows_in_the_conduct_alone(tmp_path):
    right, detached = prints(tmp_path, RIGHT), prints(tmp_path, DETACHED)

    assert agree(right[:1], detached[:1])
    assert not agree(right[1:], detached[1:])


def test_a_network_that_raises_is_described_by_the_steps_before(tmp_path):
    answer, _ = prints(tmp_path, RAISES)

    assert answer["raised"] == "RuntimeError"
    assert answer["steps"][0] == "conv2d 3x3, 2 -> 4 (8, 8)"
