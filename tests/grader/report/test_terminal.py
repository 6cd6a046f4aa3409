import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from grader.answers.source import display_width
from grader.i18n import translator
from grader.intake.submission import NO_FILE
from grader.message import Message, msg, verbatim
from grader.model import Diagnosis, Evidence, ExerciseReport, Label, Outcome, Report, Understood, Verdict
from grader.report.terminal import MIN_WIDTH, STYLES, show, text
from grader.report.word import LABELS, OPEN, VERDICTS

LONG = "The output has the right shape for every kernel, stride and padding, and the batch is left alone."
CHINESE = "输出的每个元素是窗口与卷积核逐项相乘之和，再加上偏置；步长不整除时也一样。"


def outcome(verdict=Verdict.PASS, summary=None, *evidence, check="c", sentence=LONG):
    return Outcome(check, msg(sentence), verdict, 2, summary, evidence)


def report(*outcomes, **changed):
    part = ExerciseReport("conv2d", 1, msg("conv2d: write it out"), outcomes, isolation="process")
    return replace(Report("A course", None, "ab" * 32, "7", "cpu", (part,), isolation="process"), **changed)


def with_part(whole, **changed):
    return replace(whole, exercises=(replace(whole.exercises[0], **changed),))


def test_every_verdict_and_label_has_a_name_and_a_style():
    assert VERDICTS.keys() == STYLES.keys() == set(Verdict)
    assert LABELS.keys() == set(Label)
    assert OPEN.keys() == {verdict for verdict in Verdict if verdict.is_pending}


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_is_said_in_words_and_open_points_are_no_zero(verdict):
    shown = text(report(outcome(verdict, msg("Because."))))

    earned = "?" if verdict.is_pending else {Verdict.PASS: "2"}.get(verdict, "0")
    assert f"  {VERDICTS[verdict]}  {earned}/2  The output has the right shape" in shown
    assert "    Because.\n" in shown
    assert (str(OPEN[verdict])[:20] in shown.replace("\n", " ")) if verdict in OPEN else "- " not in shown


def test_a_report_holds_points_diagnosis_evidence_readings_and_remarks():
    failed = outcome(
        Verdict.FAIL, msg("4 of 9 values differ."), Evidence(Label.EXPECTED, verbatim("[[1, 2],\n [3, 4]]")),
        Evidence(Label.GOT, verbatim("[[1, 2], [3, 5]]")),
    )  # fmt: skip
    whole = with_part(
        report(outcome(), failed, student="2024001", remarks=(msg("x.bin was left out."),)),
        diagnosis=Diagnosis("correlation", msg("Your output is the correlation.")),
        remarks=(msg("Your code prints a lot."),),
        understood=(Understood("full", verbatim("[[1]]")), Understood("same", verbatim(""))),
    )

    lines = text(whole).splitlines()

    assert lines[:2] == ["A course, student 2024001", "- x.bin was left out."]
    assert lines[3].split() == ["conv2d:", "write", "it", "out", "2", "of", "4", "points"]
    assert "  This is what happened: Your output is the correlation." in lines
    assert "    4 of 9 values differ." in lines
    assert "    expected   [[1, 2]," in lines
    assert "                [3, 4]]" in lines
    assert "    got        [[1, 2], [3, 5]]" in lines
    assert lines[lines.index("  How your answers were read") + 1] == "    full  [[1]]"
    assert not any(line.startswith("    same") for line in lines)
    assert lines[lines.index("  Remarks") + 1] == "  - Your code prints a lot."
    assert "Total: 2 of 4 points" in lines
    assert "submission abababababab, seed 7, device cpu" in lines


@pytest.mark.parametrize("width", [40, 57, 80, 100])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_is_wider_than_the_page_in_either_script(width, language):
    hint = Evidence(Label.HINT, verbatim(CHINESE))
    whole = with_part(
        report(outcome(Verdict.FAIL, msg(CHINESE), hint, sentence=CHINESE), outcome(Verdict.FAULT, msg(LONG))),
        title=msg(CHINESE),
        understood=(Understood("full", verbatim(CHINESE)),),
    )

    assert max(map(display_width, text(whole, translator(language), width=width).splitlines())) <= width


def test_what_a_student_wrote_cannot_move_the_cursor_or_take_on_a_style():
    evil = "\x1b[2J\x1b]0;x\x07[bold red]‮\r\x00\ud800"
    whole = report(
        outcome(Verdict.ERROR, verbatim(evil), Evidence(Label.GOT, verbatim(evil))),
        student=evil,
        remarks=(verbatim(evil),),
    )

    shown = text(whole)
    assert not {"\x1b", "\x07", "\r", "\x00", "‮", "\ud800"} & set(shown)
    assert "[bold red]" in shown


def printed(whole, **options):
    stream = io.StringIO()
    show(whole, Console(file=stream, markup=False, emoji=False, highlight=False, **options))
    return stream.getvalue()


def test_without_a_terminal_there_are_no_escapes_and_with_one_colour_says_nothing_new():
    whole = report(outcome(), outcome(Verdict.FAIL, msg("No.")))
    plain = printed(whole, width=80)
    coloured = printed(whole, width=80, force_terminal=True, color_system="standard")

    assert plain == text(whole, width=80)
    assert "\x1b[1;32mPASS" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@pytest.mark.parametrize(("console", "width"), [(10, MIN_WIDTH), (40, 40), (300, 100)])
def test_a_page_is_as_wide_as_the_terminal_within_what_reads_well(console, width):
    assert max(map(len, printed(report(outcome()), width=console).splitlines())) == width


def test_a_caret_stays_below_its_place_when_the_line_is_cut():
    source = "x" * 200 + "?" + "y" * 50
    where = Evidence(Label.WHERE, verbatim(f"{source}\n{' ' * 200}^"))
    lines = text(report(outcome(Verdict.UNREADABLE, msg("?"), where)), width=60).splitlines()

    caret = next(index for index, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^")] == "?"


def test_one_missing_file_is_explained_once():
    missing = [outcome(Verdict.MISSING, msg("not found"), check=name) for name in "abc"]

    assert text(report(*missing)).count("not found") == 1


def test_a_blank_submission_gets_a_friendly_word_and_a_place_to_begin():
    absent = msg("{names}: not found. {where}", names="f", where=Message(NO_FILE, {"file": "f.py", "names": "f"}))
    for summary in (absent, msg("f is not written yet."), msg("Still empty: full.")):
        shown = text(report(outcome(Verdict.MISSING, summary), outcome(Verdict.SKIPPED, msg("Not run."))))

        assert "Begin with the first exercise, conv2d: write it out:" in " ".join(shown.split())


def test_a_file_that_is_no_python_is_not_called_blank():
    where = msg("f.py, line 2 is not Python")
    shown = text(report(outcome(Verdict.MISSING, msg("{names}: not found. {where}", names="f", where=where))))

    assert "everybody begins here" not in shown


def test_all_passed_is_said_only_where_all_was_graded():
    assert "All checks have passed." in text(report(outcome()))
    partly = text(report(outcome(), not_graded=("segnet", "deconvnet")))
    assert "All checks have passed." not in partly
    assert "Not graded this time: segnet, deconvnet." in partly


def test_the_isolation_that_was_in_force_is_named_and_its_absence_where_no_code_ran():
    assert "without confinement" in text(report(outcome()))
    assert "none was needed, because no code was run" in text(with_part(report(outcome()), isolation=None))
    assert "Isolation: moat." in text(report(outcome(), isolation="moat"))


def test_the_report_is_in_the_language_that_was_asked_for():
    shown = text(report(outcome(), outcome(Verdict.FAIL, msg("The number is not right."))), translator("zh"))

    assert "通过" in shown
    assert "Total" not in shown
