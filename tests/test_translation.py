"""With `--lang zh` the command speaks Chinese, from its help to the last hint, in columns that stay straight."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.answers.source import display_width
from grader.cli.program import VERBS, program
from grader.exercise import load_course
from grader.grade import grade
from grader.i18n import translator
from grader.intake import read_submission
from grader.report import terminal
from grader.report.layout import caret_block, wrap

SAMPLE = Path(__file__).parent.parent / "examples" / "typical"
EXERCISES = ("conv_by_hand", "channel_formulas", "rcnn_family", "receptive_field", "max_unpool2d")
ENGLISH = re.compile(r"(?:\b[A-Za-z]{2,} ){3,}[a-z]{2,}\b")  # four words in a row are a sentence of ours
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def course():
    return load_course()


@pytest.fixture(scope="module")
def report(course):
    return grade(read_submission(SAMPLE), course, only=EXERCISES)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_HOME", str(tmp_path))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def of(*arguments, **environ):
        return CliRunner().invoke(program, list(arguments), env=environ, prog_name="grade")

    return of


def test_a_report_holds_no_english_sentence(report, course):
    text = terminal.text(report, translator("zh", course.folder))

    assert ENGLISH.findall(text) == []
    assert len(CHINESE.findall(text)) > 1000


def test_an_answer_by_hand_is_repeated_in_chinese(report, course):
    text = terminal.text(report, translator("zh", course.folder))

    assert "convolution：每个区域一次; size：变形" in text  # the student wrote that in Chinese, too
    assert "rf  10" in text


def test_every_text_of_a_report_has_a_translation(report, course):
    translate, left = translator("zh", course.folder), set()

    def recorded(text):
        said = translate(text)
        if said == text and re.search(r"[a-z]{2} [a-z]{2}", text):
            left.add(text)
        return said

    terminal.text(report, recorded)

    assert left == set()


@pytest.mark.parametrize(
    "arguments", [[], *([verb] for verb in VERBS)], ids=lambda arguments: "-".join(arguments) or "grade"
)
def test_help_is_chinese(run, arguments):
    shown = run("--lang", "zh", *arguments, "--help")

    assert shown.exit_code == 0
    assert ENGLISH.findall(shown.output) == []
    assert shown.output.startswith("用法: grade")
    assert "显示这份说明并退出。" in shown.output
    assert max(map(display_width, shown.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["chek"], "错误：没有命令 'chek'。"),
        (["check"], "错误：缺少参数 'PATH'."),
        (["check", "x", "--jsn"], "错误：没有选项 '--jsn'。"),
        (["check", "x", "--device", "tpu"], "错误：'--device' 的值无效：'tpu' 不是 'auto', 'cpu', 'cuda' 之一。"),
        (["check", "no_such_folder"], "错误：no_such_folder：没有这个文件或文件夹；请给出作业所在的文件夹"),
        (["show", "7"], "错误：记录中没有第 7 号报告；共有 0 份"),
        (["verify", "conv2"], "错误：没有名为 conv2 的题目；是不是 conv2d？"),
    ],
)
def test_errors_are_chinese(run, arguments, sentence):
    assert sentence in run("--lang", "zh", *arguments).output


def test_the_environment_chooses_the_language_of_help_and_errors(run):
    assert run("--help", LANG="zh_CN.UTF-8").output.startswith("用法: grade")
    assert run("--help", LANG="en_US.UTF-8").output.startswith("Usage: grade")
    assert run("--help", "--lang", "en", LANG="zh_CN.UTF-8").output.startswith("Usage: grade")
    assert "还没有任何记录" in run("show", LC_ALL="zh_CN.UTF-8", LANG="en_US.UTF-8").output


def test_a_course_is_listed_in_chinese(run, course):
    listed = run("list", "--lang", "zh").output.splitlines()

    assert listed[0] == "卷积网络：课后作业"
    titles = [line for name, line in pairwise(listed) if name in {e.name for e in course.exercises}]
    assert len(titles) == len(course.exercises)
    assert all(CHINESE.search(title) for title in titles)


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_lines_fill_the_terminal_and_no_more(report, course, language, width):
    lines = terminal.text(report, translator(language, course.folder), width=width).splitlines()

    assert max(map(display_width, lines)) == width
    rules = [number for number, line in enumerate(lines) if line == "-" * width]
    assert [display_width(lines[number - 1]) for number in rules] == [width] * len(
        EXERCISES
    )  # points at the right edge


def test_recorded_reports_stand_in_columns(run):
    for name in ("conv_by_hand", "rcnn_family"):
        assert run("--lang", "zh", "submit", str(SAMPLE), "-e", name).exit_code == 1

    rows = run("--lang", "zh", "show").output.splitlines()

    assert ["待定" in row for row in rows] == [False, True]
    assert len({display_width(row.split(str(SAMPLE))[0]) for row in rows}) == 1


def test_a_caret_stands_below_its_character_where_a_long_chinese_line_is_cut():
    line = "我算出来的矩阵是这样的，请老师注意：[1, 五]，后面的都一样"
    column = display_width(line[: line.index("五")])

    shown, caret = caret_block(f"{line}\n{' ' * column}^", 24)

    assert display_width(shown) <= 24
    assert display_width(shown[: shown.index("五")]) == len(caret) - 1


def test_verdicts_points_and_sentences_stand_below_each_other(report, course):
    text = terminal.text(report, translator("zh", course.folder))

    for part in text.split("-" * 80)[1:]:
        rows = [re.match(r"  (\S+ +)(\?|\d+)/\d+  ", line) for line in part.splitlines()]
        assert len({display_width(row[0]) for row in rows if row}) == 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("每个窗口移动一格。", ["每个窗口移", "动一格。"]),
        ("窗口在图像。移动", ["窗口在图", "像。移动"]),  # no line begins with a full stop
        ("窗口移动（在图）", ["窗口移动", "（在图）"]),  # none ends with an opening bracket
        ("步幅 stride 是 2", ["步幅", "stride 是", "2"]),
    ],
)
def test_chinese_lines_break_between_characters_and_beside_marks(text, lines):
    assert wrap(text, 10) == lines
