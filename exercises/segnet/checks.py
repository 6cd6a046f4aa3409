"""Checks for SegNet: what the network computes, found by putting the same weights into it and into the reference."""

from grader.checks import check, probe
from grader.network import Network, Smoke, fingerprint
from reference.models import SegNet

SMALL = {"in_channels": 2, "num_classes": 5, "width": 3}
CAMVID = {"in_channels": 3, "num_classes": 11, "width": 64}
CAMVID_PARAMETERS = 29_449_355  # reference/facts.toml: parameters_11_batch_norm
COLOURS = {"in_channels": 3, "num_classes": 3, "width": 4}
SMOKE = Smoke(steps=12, lr=0.3, momentum=0.5, factor=0.6, block=32)


def network(student, remarks=None, **kwargs):
    """The student's SegNet beside the reference."""
    return Network(student, "SegNet", SegNet, image=(2, 64, 96), remarks=remarks, **(kwargs or SMALL))


@check(points=2)
def scores(student, remarks):
    """SegNet(in_channels, num_classes, width) gives one score per class and pixel, for any batch and size."""
    network(student, remarks).expect_scores((1, 64, 64), (3, 32, 96))


@check(points=2, after=scores)
def parameters(student, remarks):
    """At width 64, with 3 channels and 11 classes, it has 29,449,355 parameters."""
    network(student, remarks).expect_count(CAMVID_PARAMETERS, **CAMVID)


@check(points=1, after=scores)
def steadiness(student):
    """A call leaves its input as it was; in evaluation mode images do not depend on other images or on earlier calls."""
    network(student).expect_steadiness((2, 64, 64), (1, 64, 64), (2, 96, 64))


@check(points=3, after=scores)
def switches(student):
    """Every maximum comes back to where its own pooling found it."""
    network(student).expect_switches()


@check(points=4, after=switches)
def evaluation(student, remarks):
    """With the same weights it gives the same scores as the reference, in evaluation mode."""
    network(student, remarks).expect_outputs((1, 64, 96), (3, 96, 64))


@check(points=2, after=evaluation)
def training_mode(student):
    """In training mode the statistics of the batch are used, and the running statistics follow."""
    network(student).expect_outputs((3, 64, 96), training=True)


@check(points=2, after=training_mode)
def gradients(student):
    """Gradients arrive at every parameter and at the input, with the right values."""
    network(student).expect_gradients((2, 64, 96))


@check(points=2, after=evaluation)
def odd_sizes(student):
    """Sizes that are no multiples of 32 come out as they went in: every unpooling restores its pooling's size."""
    network(student).expect_outputs((2, 45, 60), (1, 90, 120))


@check(points=2, after=training_mode)
def trains(student, device):
    """A few steps of training lower the loss and move every weight."""
    network(student, **COLOURS).expect_training(SMOKE, (6, 32, 64), device)


@probe
def answer(student):
    """What it computes with weights of its own."""
    return fingerprint.evaluation(student, "SegNet", (2, 32, 64), **SMALL)


@probe
def conduct(student):
    """How it behaves: other sizes, training mode, repeated calls, gradients."""
    return fingerprint.conduct(student, "SegNet", (2, 32, 64), (1, 45, 60), **SMALL)
