"""Networks end to end: the report's words, the device, and that paper sizes are only counted."""

import pytest
import torch

from grader.exercise import load_course
from grader.grade import grade
from grader.intake import Submission
from grader.model import Verdict
from reference.facts import published

COURSE = load_course()


def graded(name, code, *, device="cpu"):
    exercise = COURSE.exercise(name)
    return grade(Submission({exercise.file: code.encode()}), COURSE, only=[name], device=device).exercises[0]


def specimen(name, kind, file):
    return (COURSE.exercise(name).folder / "submissions" / kind / f"{file}.py").read_text(encoding="utf-8")


def test_the_counts_that_are_asked_for_are_the_published_ones():
    segnet, deconvnet = COURSE.exercise("segnet").module, COURSE.exercise("deconvnet").module

    assert published("segnet.parameters_11_batch_norm").value == segnet.CAMVID_PARAMETERS
    assert (
        published("deconvnet.parameters_exact").value + published("deconvnet.batch_norm_parameters").value
    ) == deconvnet.VOC_PARAMETERS


def test_the_report_names_the_decoder_stage_that_does_not_unpool():
    report = graded("segnet", specimen("segnet", "wrong", "bilinear"))
    failed = next(outcome for outcome in report.outcomes if outcome.verdict is Verdict.FAIL)

    assert failed.check == "switches"
    assert "unpool5: expected max_unpool2d with the indices of pool5, got upsample_bilinear2d" in str(failed.summary)
    assert report.diagnosis.mistake == "bilinear"


def test_a_constructor_with_other_arguments_gets_one_clear_sentence():
    code = (
        specimen("segnet", "accepted", "blocks")
        .replace("num_classes=11, width=64", "width=64")
        .replace("num_classes", "11")
    )
    [first, *others] = graded("segnet", code).outcomes

    assert str(first.summary) == (
        "The constructor takes other arguments: expected SegNet(in_channels, num_classes, width), "
        "found SegNet(in_channels, width)."
    )
    assert {outcome.verdict for outcome in others} == {Verdict.SKIPPED}


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["segnet", "deconvnet"])
def test_the_smoke_test_runs_on_the_gpu(name):
    report = graded(name, specimen(name, "accepted", "blocks"), device="cuda")

    assert report.points.earned == report.points.possible


def test_auto_takes_the_device_that_is_there():
    exercise = COURSE.exercise("segnet")
    code = specimen("segnet", "accepted", "blocks")
    report = grade(Submission({exercise.file: code.encode()}), COURSE, only=["segnet"], device="auto")

    assert report.device == ("cuda" if torch.cuda.is_available() else "cpu")
    assert report.points.earned == report.points.possible
