"""Checks for DeconvNet: what the network computes, found by putting the same weights into it and into the reference."""

from grader.checks import check, probe
from grader.network import Network, Smoke, fingerprint
from reference.models import DeconvNet

SMALL = {"in_channels": 2, "num_classes": 4, "width": 2}
VOC = {"in_channels": 3, "num_classes": 21, "width": 64}
VOC_PARAMETERS = 251_772_245 + 33_408  # reference/facts.toml: parameters_exact, batch_norm_parameters
COLOURS = {"in_channels": 3, "num_classes": 3, "width": 2}
SMOKE = Smoke(steps=8, lr=0.3, momentum=0.5, factor=0.8, block=112)


def network(student, remarks=None, **kwargs):
    """The student's DeconvNet beside the reference."""
    return Network(student, "DeconvNet", DeconvNet, image=(2, 224, 256), remarks=remarks, **(kwargs or SMALL))


@check(points=2)
def scores(student, remarks):
    """DeconvNet(in_channels, num_classes, width) gives one score per class and pixel, for any batch and size."""
    network(student, remarks).expect_scores((1, 224, 224), (3, 256, 224))


@check(points=2, after=scores)
def parameters(student, remarks):
    """At width 64, with 3 channels and 21 classes, it has 251,805,653 parameters, 33,408 of them batch normalisation's."""
    network(student, remarks).expect_count(VOC_PARAMETERS, **VOC)


@check(points=1, after=scores)
def steadiness(student):
    """A call leaves its input as it was; in evaluation mode images do not depend on other images or on earlier calls."""
    network(student).expect_steadiness((2, 224, 224), (1, 224, 224), (2, 256, 224))


@check(points=3, after=scores)
def switches(student):
    """Every maximum that reaches the decoder comes back to where its own pooling found it."""
    network(student).expect_switches()


@check(points=4, after=switches)
def evaluation(student, remarks):
    """With the same weights it gives the same scores as the reference, in evaluation mode."""
    network(student, remarks).expect_outputs((1, 224, 224), (2, 224, 288))


@check(points=2, after=evaluation)
def training_mode(student):
    """In training mode the statistics of the batch are used, and the running statistics follow."""
    network(student).expect_outputs((3, 224, 256), training=True)


@check(points=2, after=training_mode)
def gradients(student):
    """Gradients arrive at every parameter and at the input, with the right values."""
    network(student).expect_gradients((3, 224, 256))


@check(points=2, after=training_mode)
def trains(student, device):
    """A few steps of training lower the loss and move every weight."""
    network(student, **COLOURS).expect_training(SMOKE, (2, 224, 256), device)


@probe
def answer(student):
    """What it computes with weights of its own."""
    return fingerprint.evaluation(student, "DeconvNet", (1, 224, 224), **SMALL)


@probe
def conduct(student):
    """How it behaves: other sizes, training mode, repeated calls, gradients."""
    return fingerprint.conduct(student, "DeconvNet", (2, 224, 224), (1, 224, 256), **SMALL)
