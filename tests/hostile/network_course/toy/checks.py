"""Every demand on a network, each worth points that no attack may reach."""

from grader.checks import check
from grader.network import Network, Smoke
from tests.grader.network.toys import IMAGE, KWARGS, Toy

SMOKE = Smoke(steps=8, lr=0.2, momentum=0.5, factor=0.8, block=4)


def network(student):
    """The student's network beside ours."""
    return Network(student, "Toy", Toy, image=IMAGE, **KWARGS)


@check(points=1)
def outputs(student):
    """One score a class and pixel, and the same ones as the reference's."""
    toy = network(student)
    toy.expect_scores((1, 8, 8), (3, 8, 12))
    toy.expect_outputs((1, 8, 12), (2, 8, 8))


@check(points=1)
def gradients(student):
    """The gradients are the reference's."""
    network(student).expect_gradients((2, 8, 12))


@check(points=1)
def trains(student, device):
    """A few steps of training lower the loss."""
    network(student).expect_training(SMOKE, (3, 8, 8), device)
