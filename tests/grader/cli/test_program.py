"""The boundary of the program: languages, usage, errors, signals, streams that fail, and what is imported."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from grader.cli import staff
from grader.cli.exit_code import ExitCode, of_report
from grader.cli.program import VERBS, asked_language, program
from grader.message import msg
from grader.model import ExerciseReport, Outcome, Report, Verdict
from grader.sandbox.launch import MARK

ROOT = Path(__file__).parent.parent.parent.parent
HEAVY = ("torch", "sympy", "hypothesis", "numpy", "rich", "scipy", "matplotlib")


# -- imports -----------------------------------------------------------------------------------------------------------


def imported(*arguments, env=None):
    """The heavy libraries that a run of the program imports."""
    code = (
        "import sys\nfrom grader.cli.program import program\n"
        f"try:\n    program.main({list(map(str, arguments))!r})\nexcept SystemExit:\n"
        f"    sys.stderr.write(' '.join(sorted(set({HEAVY!r}) & set(sys.modules))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | (env or {}), capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["list"], ["show"]], ids=" ".join)
def test_help_and_lists_import_none_of_the_heavy_libraries(home, arguments):
    assert imported(*arguments) == set()


def test_a_template_and_the_doctor_need_no_torch(home, tmp_path):
    assert "torch" not in imported("init", tmp_path / "hw") | imported("doctor")


# -- help and usage ----------------------------------------------------------------------------------------------------


def run(*arguments, language="en"):
    return CliRunner().invoke(program, ["--lang", language, *arguments], prog_name="grade")


def test_help_names_every_verb_and_where_to_begin(home):
    done = run("--help")

    assert done.exit_code == 0
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)
    assert "Begin with `grade init DIR`" in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself_in_both_languages(home, verb):
    english, chinese = run(verb, "--help"), run(verb, "--help", language="zh")

    assert english.exit_code == chinese.exit_code == 0
    assert english.stdout.startswith(f"Usage: grade {verb} ")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chekc", "."], "No such command 'chekc'."),
        (["check"], "Missing argument 'PATH'."),
        (["check", ".", "--bogus"], "No such option '--bogus'."),
        (["check", ".", "--lang", "xx"], "'xx' is not one of 'en', 'zh'."),
        (["check", "a", "b"], "Got unexpected extra argument (b)"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_is_wrong(home, arguments, said):
    done = run(*arguments)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_a_wrong_command_line_is_told_to_programs_too(home):
    data = json.loads(run("check", ".", "--bogus", "--json").stdout)

    assert data["exit_code"] == 2
    assert data["error"]["message"].startswith("Error: No such option '--bogus'.")


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["check", "--lang", "zh", "."], "zh"),
        (["--lang=en", "check"], "en"),
        (["--lang", "zh", "--lang", "en"], "en"),
        (["check", "--", "--lang", "zh"], None),
        (["check", "--lang"], None),
        (["check", "--lang", "xx"], None),
    ],
)
def test_the_language_is_known_before_the_command_line_is_parsed(arguments, language):
    assert asked_language(arguments) == language


def test_the_environment_names_the_language_and_the_option_overrules_it(grade, submission, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")

    assert "通过" in grade("check", submission(), "-e", "numbers").stdout
    assert "PASS" in grade("check", submission(), "-e", "numbers", "--lang", "en").stdout


# -- exit codes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], ExitCode.NOTHING),
        ([Verdict.PASS, Verdict.NEEDS_REVIEW], ExitCode.PASSED),
        ([Verdict.PASS, Verdict.UNREADABLE], ExitCode.NOT_PASSED),
        ([Verdict.FAIL, Verdict.FAULT], ExitCode.FAULT),
        *[([Verdict.PASS, verdict], ExitCode.NOT_PASSED) for verdict in ("fail", "error", "missing", "timeout", "memory", "skipped")],
    ],
)  # fmt: skip
def test_the_exit_code_follows_from_the_verdicts(verdicts, code):
    outcomes = tuple(Outcome("c", msg("A."), Verdict(verdict), 1) for verdict in verdicts)
    part = ExerciseReport("e", 1, msg("T"), outcomes)

    assert of_report(Report("T", None, "", "", "cpu", (part,))) is code


def test_the_exit_codes_are_those_of_the_document():
    table = (ROOT / "docs" / "command.md").read_text(encoding="utf-8").split("## Exit codes")[1]
    listed = {
        int(word) for word in table.replace("|", " ").replace(",", " ").replace(":", " ").split() if word.isdigit()
    }

    assert {int(code) for code in ExitCode} <= listed


# -- our own mistakes --------------------------------------------------------------------------------------------------


def test_a_mistake_of_ours_is_one_sentence_and_its_traceback_is_in_the_staff_log(grade, submission, home, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("somewhere inside")

    monkeypatch.setattr("grader.grade.grade", broken)
    done = grade("check", submission())

    assert done.exit_code == 4
    assert done.stderr.startswith("This is our mistake, not yours: nothing of your work is lost.")
    assert "Traceback" not in done.output
    number = done.stderr.split()[-1].rstrip(".")
    log = (home / staff.LOG_FILE).read_text()
    assert f"fault {number}" in log
    assert "ZeroDivisionError: somewhere inside" in log


def test_a_disk_that_is_full_is_the_machine_s_and_named(grade, submission, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.grade.grade", full)
    done = grade("check", submission(), "--json")

    assert done.exit_code == 4
    said = "Error: this machine refused to go on: No space left on device. `grade doctor` looks for what is missing;"
    assert done.stderr.startswith(said)
    assert json.loads(done.stdout)["exit_code"] == 4


def test_a_staff_log_that_cannot_be_written_hides_nothing(grade, submission, home, monkeypatch):
    home.write_text("a file where a folder should be")
    monkeypatch.setattr("grader.grade.grade", lambda *args, **kwargs: 1 / 0)

    assert grade("check", submission()).stderr.startswith("This is our mistake, not yours")


def test_the_same_mistake_has_the_same_number(home):
    def number(error):
        try:
            raise error
        except Exception as raised:
            return staff.note(raised)

    assert number(ValueError("a")) == number(ValueError("b")) != number(KeyError("a"))


# -- signals -----------------------------------------------------------------------------------------------------------


def living(marks):
    """Processes that descend from the guests with these marks."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) in marks and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
        except (psutil.Error, OSError):
            continue
    return found


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=str
)
def test_a_run_that_is_ended_leaves_nothing_behind(start, submission, home, tmp_path, number, code):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = submission(**{"double.py": "import time\ndef double(x):\n    time.sleep(0.9)\n    return 2 * x\n"})
    run = start("submit", path, "--json", "--lang", "en", env={"TMPDIR": str(scratch)})
    deadline = time.monotonic() + 20
    while not list(scratch.glob("grade-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    marks = {path.name for path in scratch.iterdir()}
    run.send_signal(number)
    out, err = run.communicate(timeout=20)

    assert run.returncode == code
    assert err.strip() == "Interrupted; nothing was recorded, and nothing is left running."
    assert json.loads(out)["exit_code"] == code
    assert marks
    assert living(marks) == []
    assert list(scratch.iterdir()) == []
    assert not (home / "reports.jsonl").exists()


# -- streams -----------------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_changes_neither_exit_code_nor_record(start, submission, home):
    run = start("submit", submission(), "-e", "numbers", "--lang", "en")
    run.stdout.close()
    err = run.stderr.read()
    run.stderr.close()

    assert run.wait(20) == 0
    assert err == ""
    assert (home / "reports.jsonl").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_that_is_full_is_told_and_the_report_is_recorded(start, submission, home):
    with Path("/dev/full").open("w") as full:
        run = start("submit", submission(), "-e", "numbers", "--lang", "en", stdout=full)
        _, err = run.communicate(timeout=20)

    assert run.returncode == 4
    assert err.startswith("Error: this machine refused to go on: No space left on device.")
    assert "Traceback" not in err
    assert (home / "reports.jsonl").exists()


def test_a_terminal_without_chinese_still_gets_the_rest(start, submission):
    run = start(
        "check", submission(), "-e", "numbers", "--lang", "zh",
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    out, err = run.communicate(timeout=20)

    assert (run.returncode, err) == (0, "")
    assert "\\u901a\\u8fc7" in out


def test_several_who_submit_at_once_are_all_recorded(start, submission):
    path = submission()
    runs = [start("submit", path, "-e", "numbers", "--json") for _ in range(3)]

    assert sorted(json.loads(run.communicate(timeout=30)[0])["number"] for run in runs) == [1, 2, 3]
