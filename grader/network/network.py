"""The vocabulary of checks of networks: a student's module beside the reference, graded by transplant.

    network = Network(student, "SegNet", SegNet, image=(2, 64, 96), in_channels=2, num_classes=5, width=3)
    network.expect_outputs((1, 64, 96), (3, 96, 64))

Every method is one claim; one that does not hold raises `Mismatch`.  What each proves is said in docs/network.md.
"""

from __future__ import annotations

from grader.network.output import demand_gradients, demand_outputs
from grader.network.pair import Image, Pair
from grader.network.parameter import demand_count
from grader.network.score import demand_scores, demand_steadiness
from grader.network.switch import demand_switches
from grader.network.training import Smoke, demand_training


class Network(Pair):
    """Both networks, and what a check may demand of the student's; images are (N, H, W)."""

    def expect_scores(self, *images: Image) -> None:
        """One score a class and pixel, and neither labels nor probabilities."""
        demand_scores(self, images)

    def expect_steadiness(self, *images: Image) -> None:
        """Inputs stay as they were, and a call does not depend on the calls before."""
        demand_steadiness(self, images)

    def expect_count(self, total: int, **kwargs: int) -> None:
        """The number of parameters of the network that these arguments make."""
        demand_count(self, total, kwargs)

    def expect_switches(self) -> None:
        """Every pooling's maxima come back to their places."""
        demand_switches(self)

    def expect_outputs(self, *images: Image, training: bool = False) -> None:
        """The reference's outputs on the same fresh weights; in training mode its running statistics too."""
        demand_outputs(self, images, training=training)

    def expect_gradients(self, image: Image) -> None:
        """The reference's gradients, in evaluation and in training mode."""
        demand_gradients(self, image)

    def expect_training(self, smoke: Smoke, image: Image, device: str) -> None:
        """A few steps of training lower the loss and move every weight."""
        demand_training(self, smoke, image, device)
