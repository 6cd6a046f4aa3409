"""Progress: a table that renews itself on a terminal, plain lines anywhere else, nothing taken for markup."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from grader.batch.done import Done
from grader.batch.matching import Task
from grader.batch.naming import Clue
from grader.batch.progress import shown, table
from grader.batch.source import Found
from grader.batch.tree import FolderTree
from grader.gradebook import Person
from grader.i18n import translator
from grader.message import msg
from grader.model import ExerciseReport, Outcome, Report, Verdict


def done(name, *verdicts, reason=None, **options):
    task = Task(Found(name, Clue(text=name), FolderTree(Path()), {}), Person(name, "[red]王\x1b[2J"))
    outcomes = tuple(Outcome("c", msg("s"), verdict, 2) for verdict in verdicts)
    report = Report("c", None, "d", "s", "cpu", (ExerciseReport("e", 1, msg("t"), outcomes),)) if verdicts else None
    return Done(task, report, reason, **options)


FINISHED = (
    done("a", Verdict.PASS, Verdict.PASS),
    done("b", Verdict.PASS, Verdict.NEEDS_REVIEW),
    done("c", Verdict.FAIL, was_known=True),
    done("d", reason=msg("it is empty")),
)


@pytest.fixture
def show():
    def of(*, is_terminal, language="en"):
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=is_terminal, width=80, markup=False, highlight=False)
        with shown(console, len(FINISHED), translator(language)) as tell:
            for one in FINISHED:
                tell(one)
        return stream.getvalue()

    return of


def test_lines_say_who_and_how_many_points(show):
    assert show(is_terminal=False).splitlines() == [
        "[1/4] a [red]王\N{REPLACEMENT CHARACTER}[2J: 4 of 4 points",
        "[2/4] b [red]王\N{REPLACEMENT CHARACTER}[2J: 2 of 4 points, 2 still open",
        "[3/4] c [red]王\N{REPLACEMENT CHARACTER}[2J: 0 of 2 points (known before)",
        "[4/4] d [red]王\N{REPLACEMENT CHARACTER}[2J: it is empty",
    ]


def test_a_terminal_shows_counts_rate_and_the_last_ones(show):
    text = show(is_terminal=True)
    counts = re.findall(r"(\d+) +(all passed|waiting for a human|something did not pass|without a result)", text)

    assert "a minute" in text
    assert [count for count, _ in counts[-4:]] == ["1", "1", "1", "1"]
    assert "it is empty" in text
    assert "\x1b[2J" not in text


def test_both_speak_chinese(show):
    assert "[4/4] d" in show(is_terminal=False, language="zh")
    assert "每分钟" in show(is_terminal=True, language="zh")


def test_states_tell_what_is_left_to_do():
    assert [one.entry.state for one in FINISHED] == ["passed", "review", "partly", "without"]
    assert done("e", Verdict.PASS, reason=msg("the disk is full")).entry.state == "without"


def test_the_workers_of_a_cluster_are_counted_as_they_come_and_go():
    stream, counts = io.StringIO(), iter([2, 2, 1, *[3] * 20])
    console = Console(file=stream, force_terminal=True, width=80, markup=False, highlight=False)
    with shown(console, len(FINISHED), translator("en"), lambda: next(counts)) as tell:
        for one in FINISHED:
            tell(one)
    shown_counts = re.findall(r"(\d+) +workers of the cluster", stream.getvalue())

    assert shown_counts[-1] == "3"
    assert "workers of the cluster" not in table_text()


def table_text():
    stream = io.StringIO()
    Console(file=stream, width=80).print(table([one.entry for one in FINISHED], translator("en")))
    return stream.getvalue()
