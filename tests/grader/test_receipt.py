"""A receipt holds a digest of everything that decides, and names what differs."""

import json
from dataclasses import replace

import pytest

from grader.errors import GraderError
from grader.message import msg
from grader.model import Diagnosis, Verdict
from grader.receipt import Receipt, differences
from tests.grader.gradebook.samples import KEYS, conv2d, essay, outcome, report

RECEIPT = Receipt.of(report(), KEYS)


def said(changed, keys=KEYS):
    return [str(line) for line in differences(RECEIPT, Receipt.of(changed, keys))]


def test_the_same_report_has_the_same_receipt():
    assert said(report()) == []
    assert Receipt.of(report(), KEYS).to_json() == RECEIPT.to_json()


def test_a_receipt_comes_back_from_its_json():
    assert Receipt.from_json(json.loads(json.dumps(RECEIPT.to_json()))) == RECEIPT


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (replace(report(), submission="d2"), "content of the submission: the receipt says d1, found d2"),
        (replace(report(), seed="s2"), "seed: the receipt says seed, found s2"),
        (replace(report(), device="cuda"), "device: the receipt says cpu, found cuda"),
        (replace(report(), student="7"), "student: the receipt says None, found 7"),
        (replace(report(), course="B"), "course: the receipt says A course, found B"),
        (report(exercises=[conv2d()]), "essay: in the receipt, but no longer found"),
        (report(exercises=[conv2d(version=2), essay()]), "conv2d: the receipt says version 1, found 2"),
        (
            report(exercises=[conv2d(strides=Verdict.PASS), essay()]),
            "conv2d, strides: the receipt says fail (worth 3), found pass (worth 3)",
        ),
        (
            report(exercises=[conv2d(), essay(worth=5)]),
            "essay, free: the receipt says needs_review (worth 4), found needs_review (worth 5)",
        ),
    ],
)
def test_what_differs_is_named(changed, line):
    assert line in said(changed)


def test_another_evidence_for_the_same_verdict_is_told_apart():
    part = conv2d()
    other = replace(part, outcomes=(part.outcomes[0], outcome("strides", Verdict.FAIL, 3, msg("other"))))

    assert said(report(exercises=[other, essay()])) == ["conv2d, strides: the same verdict with other evidence"]


def test_another_diagnosis_is_a_difference():
    other = replace(conv2d(), diagnosis=Diagnosis("flips", msg("It flips.")))

    assert said(report(exercises=[other, essay()])) == [
        "conv2d: its title, diagnosis, remarks or how answers were read differ"
    ]


def test_another_check_is_a_difference():
    part = conv2d()
    renamed = replace(part, outcomes=(part.outcomes[0], outcome("dilation", Verdict.FAIL, 3)))

    assert said(report(exercises=[renamed, essay()])) == [
        "conv2d, strides: no longer found",
        "conv2d, dilation: found, but not in the receipt",
    ]


def test_another_key_says_that_something_has_changed_and_an_unknown_one_nothing():
    assert said(report(), KEYS | {"essay": "2"}) == [
        "essay: its files, the grader, Python or a library have changed since"
    ]
    assert said(report(), {}) == []


def test_a_receipt_of_fewer_exercises_names_the_others():
    assert [str(line) for line in differences(Receipt.of(report(exercises=[essay()]), KEYS), RECEIPT)] == [
        "conv2d: found, but not in the receipt"
    ]


def test_a_changed_receipt_is_refused():
    data = RECEIPT.to_json()
    data["exercises"][0]["checks"][1]["verdict"] = "pass"

    with pytest.raises(GraderError, match="the receipt was changed after it was made: its own digest is not that"):
        Receipt.from_json(data)


@pytest.mark.parametrize("data", [{}, {"format": 2}, [], {"format": 1, "exercises": [{}]}])
def test_what_is_no_receipt_is_refused(data):
    with pytest.raises(GraderError, match="this is no receipt of format 1"):
        Receipt.from_json(data)
