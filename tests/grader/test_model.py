import json
from dataclasses import replace

import pytest

from grader.message import msg, verbatim
from grader.model import (
    Diagnosis,
    Evidence,
    ExerciseReport,
    Label,
    Outcome,
    Points,
    Report,
    Understood,
    Verdict,
)

PENDING = {Verdict.UNREADABLE, Verdict.NEEDS_REVIEW, Verdict.FAULT}


def outcome(verdict, possible=2):
    return Outcome("c", msg("A claim."), verdict, possible, msg("why"), (Evidence(Label.GOT, verbatim("3")),))


def report(*verdicts):
    part = ExerciseReport(
        "e", 1, msg("An exercise"), tuple(map(outcome, verdicts)), Diagnosis("m", msg("You turned it.")),
        (msg("a remark"),), (Understood("full", verbatim("[[1]]")),), "process",
    )  # fmt: skip
    return Report("T", "王", "00ff", "7", "cpu", (part,), (msg("left out"),), "process", ("other",))


@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_pass_earns_and_only_open_verdicts_are_pending(verdict):
    assert outcome(verdict).earned == (2 if verdict is Verdict.PASS else 0)
    assert outcome(verdict).pending == (2 if verdict in PENDING else 0)
    assert verdict.is_pending == (verdict in PENDING)


def test_points_add_up_over_checks_and_exercises():
    part = report(Verdict.PASS, Verdict.FAIL, Verdict.NEEDS_REVIEW).exercises[0]

    assert part.points == Points(2, 2, 6)
    assert Points.total([part.points, part.points]) == Points(4, 4, 12)
    assert Points.total([]) == Points()


def test_a_report_survives_json_whole():
    whole = report(*Verdict)

    assert Report.from_json(json.loads(json.dumps(whole.to_json()))) == whole


def test_a_report_without_diagnosis_and_summary_survives_json():
    part = ExerciseReport("e", 1, msg("T"), (Outcome("c", msg("A."), Verdict.PASS, 1),))
    bare = replace(report(), exercises=(part,), student=None)

    assert Report.from_json(bare.to_json()) == bare


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="format: expected 1, got 2"):
        Report.from_json(report().to_json() | {"format": 2})


def test_the_digest_changes_with_any_verdict_and_with_nothing_else():
    assert report(Verdict.PASS).digest == report(Verdict.PASS).digest
    assert report(Verdict.PASS).digest != report(Verdict.FAIL).digest


def test_a_fault_of_ours_is_seen_from_the_report():
    assert report(Verdict.PASS, Verdict.FAULT).has_fault
    assert not report(*(set(Verdict) - {Verdict.FAULT})).has_fault
