"""The reports of the samples, exactly: whoever changes a sentence sees what students will read.

If the change is meant, `.venv/bin/pytest -p no:xdist tests/test_golden.py --renew-golden` writes them anew; read the diff.
"""

import pytest

from grader.sandbox.isolation import BUBBLEWRAP, PROCESS, strongest
from tests.graded import GOLDEN, NAMES, RENEW, golden_difference, renderings


@pytest.mark.parametrize("suffix", ["txt", "json"])
@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_the_golden_one(example, request, name, suffix):
    if name == "cheating" and strongest().name != BUBBLEWRAP:
        pytest.skip("what a cheat finds on this machine depends on the machine without bubblewrap")
    now = renderings(example(name))[suffix]
    if request.config.getoption(RENEW):
        (GOLDEN / f"{name}.{suffix}").write_text(now, encoding="utf-8")

    difference = golden_difference(f"{name}.{suffix}", now)

    if difference:
        pytest.fail(f"{difference}\n\nIf this is meant, renew the golden reports: see {__name__}.py", pytrace=False)


def test_a_difference_is_shown_line_by_line():
    kept = (GOLDEN / "empty.txt").read_text(encoding="utf-8")

    difference = golden_difference("empty.txt", kept.replace("Total: 0 of", "Total: 1 of"))

    removed, added = (line for line in difference.splitlines()[2:] if line[0] in "+-")
    assert removed.startswith("-Total: 0 of")
    assert added.startswith("+Total: 1 of")
    assert golden_difference("empty.txt", kept) == ""


def test_golden_reports_do_not_tell_where_they_were_made():
    for path in GOLDEN.iterdir():
        said = path.read_text(encoding="utf-8")
        for place in (str(GOLDEN.parent.parent), "/tmp/grade-", PROCESS + " isolation"):
            assert place not in said
