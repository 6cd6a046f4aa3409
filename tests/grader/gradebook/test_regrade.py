"""A regrading is shown before it counts, keeps marks by hand, and lowers nothing unasked."""

from datetime import UTC, datetime

import pytest

from grader.errors import GraderError
from grader.gradebook import GradebookError
from grader.gradebook.regrade import apply, outdated, plan
from grader.gradebook.table import Review
from grader.message import msg
from grader.model import Points, Verdict
from tests.grader.gradebook.samples import KEYS, LI, WANG, conv2d, essay, handed_in, outcome, report

NEW = KEYS | {"conv2d": "new key of conv2d"}
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def graded(book):
    """Wang failed `strides`, Li passed it."""
    book.record(WANG.id, handed_in(), report(), KEYS)
    better = report("d2", [conv2d(strides=Verdict.PASS), essay()])
    book.record(LI.id, handed_in("d2", "li.zip"), better, KEYS)
    return book


def keep(book, digest, part):
    book.keep(report(digest, [part]), NEW)


def points(book, person=WANG, exercise="conv2d"):
    return next(row for row in book.table() if row.person.id == person.id).cells[exercise].points


def test_the_same_keys_change_nothing(graded):
    assert outdated(graded, KEYS) == {}
    assert plan(graded, KEYS).changes == ()


def test_what_has_no_result_under_the_new_key_is_to_be_graded_again(graded):
    assert outdated(graded, NEW) == {"d1": {"conv2d"}, "d2": {"conv2d"}}
    keep(graded, "d1", conv2d(version=2))

    assert outdated(graded, NEW) == {"d2": {"conv2d"}}
    assert [str(reason) for reason in plan(graded, NEW).ungradable] == [
        "2024002, conv2d: there is no result with the exercise as it is now; give the submission among the sources"
    ]


def test_a_plan_says_whose_mark_changes_by_how_much_and_why(graded):
    keep(graded, "d1", conv2d(strides=Verdict.PASS, version=2))
    keep(graded, "d2", conv2d(strides=Verdict.PASS, version=2))
    made = plan(graded, NEW)

    [change] = made.shown
    assert (change.recount.person, change.versions, change.old, change.new) == (
        WANG.id, (1, 2), Points(2, 0, 5), Points(5, 0, 5),
    )  # fmt: skip
    assert [str(line) for line in change.evidence] == ["strides: fail (3) -> pass (3)"]
    data = made.to_json()
    assert (data["unchanged"], data["drops"], data["changed"][0]["delta"]) == (1, [], 3)


def test_a_plan_counts_for_nobody(graded):
    keep(graded, "d1", conv2d(strides=Verdict.PASS, version=2))
    plan(graded, NEW)

    assert points(graded) == Points(2, 0, 5)
    assert graded.report(WANG.id) == report()


def test_what_was_shown_is_applied(graded):
    for digest in ("d1", "d2"):
        keep(graded, digest, conv2d(strides=Verdict.PASS, version=2))
    apply(graded, plan(graded, NEW), plan(graded, NEW).digest)

    assert points(graded) == Points(5, 0, 5)
    assert graded.table().rows[0].cells["conv2d"].version == 2
    recorded, kept = graded.receipts(WANG.id)
    assert recorded == kept
    assert plan(graded, NEW).changes == ()


def test_another_plan_than_the_one_that_was_shown_is_refused(graded):
    keep(graded, "d1", conv2d(strides=Verdict.PASS, version=2))
    shown = plan(graded, NEW).digest
    keep(graded, "d2", conv2d(strides=Verdict.PASS, version=2))

    with pytest.raises(GraderError, match="the plan is another one by now"):
        apply(graded, plan(graded, NEW), shown)
    assert points(graded) == Points(2, 0, 5)


def test_a_lower_mark_is_applied_only_where_that_is_allowed(graded):
    keep(graded, "d1", conv2d(strides=Verdict.PASS, version=2))
    keep(graded, "d2", conv2d(identity=Verdict.FAIL, strides=Verdict.PASS, version=2))
    made = plan(graded, NEW)

    with pytest.raises(GraderError, match=r"it would lower 1 marks \(2024002\); give --allow-drops if that is meant"):
        apply(graded, made, made.digest)
    assert points(graded) == Points(2, 0, 5)  # nothing of it, not even what rises

    apply(graded, made, made.digest, allow_drops=True)
    assert (points(graded), points(graded, LI)) == (Points(5, 0, 5), Points(3, 0, 5))


def test_points_that_become_open_are_a_drop_too(graded):
    keep(graded, "d2", conv2d(identity=Verdict.NEEDS_REVIEW, strides=Verdict.PASS, version=2))

    assert [change.recount.person for change in plan(graded, NEW).drops] == [LI.id]


def test_marks_by_hand_stay(graded):
    keys = KEYS | {"essay": "new key of essay"}
    graded.review([Review(WANG.id, "essay", "d1", ("free",), 3, "", "Chen", NOW)])
    graded.keep(report("d1", [essay(free=Verdict.FAIL, version=2)]), keys)
    made = plan(graded, keys)

    assert made.shown == ()
    assert made.to_json()["by_hand_kept"] == 1
    apply(graded, made, made.digest)
    assert points(graded, exercise="essay") == Points(4, 0, 5)


def test_a_mark_by_hand_that_no_longer_fits_is_shown_as_a_drop(graded):
    keys = KEYS | {"essay": "new key of essay"}
    graded.review([Review(WANG.id, "essay", "d1", ("free",), 3, "", "Chen", NOW)])
    graded.keep(report("d1", [essay(version=2, worth=2)]), keys)

    [change] = plan(graded, keys).drops
    assert (change.old, change.new) == (Points(4, 0, 5), Points(1, 2, 3))
    assert str(change.evidence[-1]).startswith("essay: the 3 points by hand of Chen no longer fit")


def test_checks_that_come_and_go_are_evidence(graded):
    part = conv2d(version=2)
    other = outcome("dilation", Verdict.FAIL, 3, msg("wrong for dilation 2"))
    keep(graded, "d1", part.__class__("conv2d", 2, part.title, (part.outcomes[0], other)))

    assert [str(line) for line in plan(graded, NEW).changes[0].evidence] == [
        "dilation: not there -> fail (3)",
        "wrong for dilation 2",
        "4 of 9 values",
        "strides: fail (3) -> not there",
    ]


def test_a_fault_of_ours_is_no_result(graded):
    keep(graded, "d1", conv2d(strides=Verdict.FAULT, version=2))

    assert "d1" in outdated(graded, NEW)
    assert len(plan(graded, NEW).ungradable) == 2


def test_a_submission_that_came_in_between_stops_it(graded):
    keep(graded, "d1", conv2d(strides=Verdict.PASS, version=2))
    made = plan(graded, NEW)
    graded.record(WANG.id, handed_in("d3", "wang_2.zip"), report("d3"), KEYS)

    with pytest.raises(GradebookError, match="2024001, conv2d: the gradebook has changed since; nothing was applied"):
        apply(graded, made, made.digest)
