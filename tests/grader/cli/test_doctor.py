import json

import pytest

from grader import doctor
from grader.doctor import Finding
from grader.message import msg


@pytest.fixture
def findings(monkeypatch):
    def findings(*found):
        monkeypatch.setattr(doctor, "examine", lambda _folder: found)

    return findings


FINE = Finding(msg("Python"), True, msg("3.11"))
LOST = Finding(msg("CUDA"), False, msg("no GPU"), msg("the CPU is used"))
BROKEN = Finding(msg("scratch disk"), False, msg("full"), msg("nothing can be graded"), needed=True)


def test_what_works_and_what_is_lost_is_told(grade, findings):
    findings(FINE, LOST)
    done = grade("doctor")

    assert done.exit_code == 0
    assert done.stdout == "Python: works; 3.11\nCUDA: MISSING; no GPU\n    the CPU is used\n"


def test_something_that_is_needed_and_missing_ends_with_4(grade, findings):
    findings(FINE, BROKEN)

    assert grade("doctor").exit_code == 4


def test_json_holds_the_findings(grade, findings):
    findings(BROKEN)
    [row] = json.loads(grade("doctor", "--json").stdout)["findings"]

    assert (row["works"], row["needed"], row["found"]["message"]) == (False, True, "full")
