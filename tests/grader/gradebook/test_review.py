"""A mark by hand stays over every regrading, and where it cannot count any more, that is said."""

from datetime import UTC, datetime

import pytest

from grader.gradebook.table import Review
from grader.model import Points, Verdict
from tests.grader.gradebook.samples import KEYS, WANG, conv2d, essay, handed_in, regrade, report

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def review(points, checks=("free",), digest="d1"):
    return Review(WANG.id, "essay", digest, checks, points, "good", "Chen", NOW)


def cell(book):
    return book.table().rows[0].cells["essay"]


@pytest.fixture
def marked(book):
    book.record(WANG.id, handed_in(), report(), KEYS)
    book.review([review(3)])
    return book


def test_a_mark_comes_back_with_who_and_when(marked):
    assert cell(marked).reviews == (review(3),)
    assert cell(marked).reviewed == 3
    assert cell(marked).automatic == Points(1, 4, 5)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_mark_is_kept_whatever_a_regrading_says(marked, verdict):
    renewed = report(exercises=[conv2d(), essay(free=verdict, version=2)])
    regrade(marked, WANG, renewed, {"conv2d": "2", "essay": "2"})

    assert cell(marked).points == Points(4, 0, 5)


def test_what_the_mark_does_not_cover_follows_the_regrading(marked):
    renewed = report(exercises=[conv2d(), essay(named=Verdict.FAIL, version=2)])
    regrade(marked, WANG, renewed, {"conv2d": "2", "essay": "2"})

    assert cell(marked).points == Points(3, 0, 5)


def test_a_mark_that_no_longer_fits_leaves_its_points_open_and_says_so(marked):
    renewed = report(exercises=[conv2d(), essay(free=Verdict.PASS, version=2, worth=2)])
    regrade(marked, WANG, renewed, {"conv2d": "2", "essay": "2"})

    assert cell(marked).points == Points(1, 2, 3)
    assert [str(problem) for problem in marked.table().rows[0].problems] == [
        "essay: the 3 points by hand of Chen no longer fit the exercise, where free are worth 2; give them again"
    ]


def test_another_submission_asks_for_another_look(marked):
    marked.record(WANG.id, handed_in("d2", "wang.zip", NOW), report("d2"), KEYS)

    assert cell(marked).points == Points(1, 4, 5)
    assert [str(problem) for problem in marked.table().rows[0].problems] == [
        "essay: the 3 points by hand of Chen were given to another submission; look at this one"
    ]
    marked.review([review(4, digest="d2")])
    assert cell(marked).points == Points(5, 0, 5)
    assert marked.table().rows[0].problems == ()


def test_marks_for_different_checks_add_up_and_for_the_same_replace(marked):
    marked.review([review(1, ("named",))])
    assert cell(marked).points == Points(4, 0, 5)

    marked.review([review(2, ("named", "free"))])
    assert cell(marked).points == Points(2, 0, 5)


def test_fewer_points_than_none_are_refused(marked):
    with pytest.raises(ValueError, match="points: expected 0 or more, got -1"):
        marked.review([review(0), review(-1)])
    assert cell(marked).reviewed == 3
