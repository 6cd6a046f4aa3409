"""deconvnet_vs_segnet: what people write is read, contradictions are named, the pass rule holds, a human reads the rest."""

import re
from itertools import product
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.answers.number import parse_number
from grader.answers.source import Parsed
from grader.diagnose import specimens
from grader.expect import Mismatch
from grader.field import Answers, Located, UnansweredField, UnreadableField
from grader.model import Label, Verdict
from reference.geometry import output_size
from reference.models import DeconvNet, SegNet
from reference.models.count import parameter_count

TABLE = {
    "middle": ("fc6, fc7 and a 7x7 deconvolution", "removed"),
    "parameters": ("252M", "29.4M"),
    "smallest_map": ("1x1x4096", "7x7x512"),
    "upsampling": ("unpooling with switches", "unpooling with switches"),
    "feature_maps": ("no", "no"),
    "encoder": ("VGG-16", "VGG-16"),
    "batch_norm": ("yes", "yes"),
    "mirror": ("yes", "yes"),
    "pretraining": ("ImageNet", "ImageNet"),
    "decoder": ("deconvolution", "convolution"),
    "output": ("1x1", "3x3"),
    "input": ("object proposals", "whole image"),
    "stages": ("two", "one"),
    "end_to_end": ("no", "yes"),
    "data": ("PASCAL VOC", "CamVid"),
}
WRONG = {
    "middle": (None, "fc6 and fc7"),
    "parameters": ("134M", None),
    "smallest_map": ("7x7", None),
    "encoder": ("ResNet-50", None),
    "decoder": (None, "deconvolution"),
    "output": (None, "1x1"),
    "input": ("whole image", None),
    "stages": ("one", None),
    "data": (None, "VOC"),
}
CHECK = {
    "middle": "middle_block",
    "parameters": "parameters",
    "smallest_map": "smallest_map",
    "encoder": "same_in_both",
    "decoder": "decoder_layers",
    "output": "output_layer",
    "input": "inference",
    "stages": "training",
    "data": "purpose",
}
SUMMARY = "SegNet drops fc6, fc7 and the 7x7 deconvolution, so it has about 1/8 of the parameters."
PHRASINGS = Path(__file__).with_name("deconvnet_phrasings.txt")


def sheet(*, summary=SUMMARY, ratio=None, **cells):
    """A right sheet, with cells changed: middle=(DeconvNet's, SegNet's); None keeps a cell, "" empties it."""
    rows = dict(TABLE)
    for question, changed in cells.items():
        rows[question] = tuple(old if new is None else new for old, new in zip(rows[question], changed, strict=True))
    table = "\n".join(f"| {question} | {one} | {other} |" for question, (one, other) in rows.items())
    ratio = f"## ratio\n\n{ratio}\n\n" if ratio else ""
    return f"# HW4\n\n## comparison\n\n| | DeconvNet | SegNet |\n|---|---|---|\n{table}\n\n{ratio}## summary\n\n{summary}\n"


def phrasings():
    """(row, "right", "wrong" or "?", words), of a file with a section for each."""
    found, section = [], None
    for line in PHRASINGS.read_text(encoding="utf-8").splitlines()[2:]:
        if heading := re.fullmatch(r"\[(\w+ \w+) (right|wrong|\?)\]", line):
            section = heading.groups()
        elif line:
            found.append((*section, line))
    return found


@pytest.fixture(scope="module")
def exercise(course):
    return course.exercise("HW4")


@pytest.fixture(scope="module")
def rows(exercise):
    return exercise.fields[0].options["rows"]


@pytest.fixture(scope="module")
def claims(exercise):
    return {row: claim for line in exercise.module.LINES.values() for row, claim in line.items()}


def test_a_right_table_gets_all_points_and_the_summary_waits_for_a_human(hand_in):
    graded = hand_in("HW4", sheet())

    assert graded.verdicts == dict.fromkeys([*CHECK.values(), "pass_rule"], Verdict.PASS) | {
        "summary": Verdict.NEEDS_REVIEW
    }
    points = graded.report.points
    assert (points.earned, points.pending, points.possible) == (17, 9, 26)


@pytest.mark.parametrize(("row", "meant"), sorted({line[:2] for line in phrasings()}))
def test_what_people_write_is_read_as_they_mean_it(rows, claims, row, meant):
    for words in (line[2] for line in phrasings() if line[:2] == (row, meant)):
        reading = rows[row].parse(words)

        got = "?"
        if isinstance(reading, Parsed):
            got = "wrong" if claims[row].problem(reading.value) else "right"
        assert got == meant, f"{words!r} was read as {getattr(reading, 'understood', '?')}, which is {got}"


def test_there_are_phrasings_for_every_row(rows):
    found = phrasings()
    questions = {line[0].split()[0] for line in found}

    assert questions == set(TABLE)
    assert len(found) >= 450
    for question in questions:
        meanings = {meant for row, meant, _ in found if row.split()[0] == question}
        assert meanings >= {"right", "wrong"}, question


def test_every_name_of_a_choice_is_read_as_that_choice(rows):
    for key, row in rows.items():
        for choice, names in row.options.get("choices", {}).items():
            for name in names:
                reading = row.parse(name)
                assert isinstance(reading, Parsed), f"{key}: {name}"
                assert reading.value == choice, f"{key}: {name}"


def test_every_answer_that_can_be_read_has_its_sentence(rows, claims):
    for key, row in rows.items():
        if row.kind == "statement":
            values = {*row.options["choices"], *row.options.get("denied", {}).values()}
            assert any(claims[key].problem(value) is None for value in values), key


PIECES = ["|", "\n", "---", " ", ":", "，", "(", ")", "DeconvNet", "SegNet", "BN", "fc6", "7x7", "1/8", "252M", "没有", "去掉", "same", "两者都", "encoder", "parameters", "-", "?"]  # fmt: skip


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40))
def test_no_text_breaks_the_reading_of_the_table_or_of_prose(exercise, pieces):
    text = "".join(pieces)
    answers = Answers(exercise.fields, {"comparison": Located(text), "summary": Located(text)})

    for state in (exercise.module._state(answers, line) for line in exercise.module.LINES):
        assert state is None or isinstance(state, (Mismatch, UnansweredField, UnreadableField))
    assert isinstance(answers.read_prose("comparison", text), list)


@pytest.mark.parametrize("words", ["7x7 pooling removed", "去掉了7x7的pooling", "no 7×7 池化"])
def test_the_slides_word_is_right_with_a_remark(hand_in, words):
    graded = hand_in("HW4", sheet(middle=("保留", words)))

    assert graded["middle_block"].verdict is Verdict.PASS
    assert "the layer is a convolution, fc6" in graded.remarks


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"upsampling": ("deconvolution", None)}, "what enlarges a map is unpooling by the switches, in both networks"),
        ({"upsampling": (None, "双线性插值")}, "Nothing is interpolated"),
        ({"upsampling": ("no switches", None)}, "Both networks put each value back where its pooling found it"),
        ({"feature_maps": (None, "跳跃连接")}, "It hands over no feature maps, only the switches"),
        ({"feature_maps": ("copies them", None)}, "U-Net copies and FCN adds maps"),
        ({"encoder": (None, "ResNet")}, "Both networks have VGG-16's 13 convolutions"),
        ({"batch_norm": ("没有 BN", None)}, "Both networks normalise every batch"),
        ({"mirror": ("不对称", None)}, "In both networks the decoder mirrors the encoder"),
        ({"pretraining": (None, "从头训练")}, "Both encoders begin with VGG-16's weights"),
    ],
)
def test_a_contradiction_to_what_both_share_is_named_and_does_not_pass(hand_in, cells, sentence):
    graded = hand_in("HW4", sheet(**cells))

    assert graded["same_in_both"].verdict is Verdict.FAIL
    assert sentence in graded.text("same_in_both")
    assert graded["pass_rule"].verdict is Verdict.FAIL
    assert "Nothing may be contradicted of what is the same in both." in graded.text("pass_rule")
    assert graded.report.points.earned == 11


def test_a_difference_where_there_is_none_shows_what_was_understood(hand_in):
    text = hand_in("HW4", sheet(upsampling=("转置卷积", "池化索引"))).text("same_in_both")

    assert "One of 12 claims is wrong." in text
    assert "upsampling deconvnet: deconvolution" in text


@pytest.mark.parametrize(
    ("cells", "check", "sentence"),
    [
        ({"middle": (None, "有 fc6")}, "middle_block", "SegNet is what is left without this block"),
        ({"middle": ("去掉了", None)}, "middle_block", "DeconvNet keeps the block"),
        ({"parameters": ("138M", None)}, "parameters", "the decoder is missing"),
        ({"parameters": ("29.5M", None)}, "parameters", "DeconvNet without its middle block"),
        ({"parameters": (None, "1470万")}, "parameters", "This is the encoder alone"),
        ({"parameters": (None, "149M")}, "parameters", "This would be SegNet with fc6 and fc7"),
        ({"parameters": (None, "1.42M")}, "parameters", "SegNet-Basic"),
        ({"parameters": (None, "117 MB")}, "parameters", "the size of a file"),
        ({"parameters": (None, "61M")}, "parameters", "Add the 13 convolutions of the encoder"),
        ({"smallest_map": ("7x7x512", None)}, "smallest_map", "what does a 7 x 7 convolution make of a 7 x 7 map?"),
        ({"smallest_map": (None, "1x1")}, "smallest_map", "the output of fc6, which SegNet does not have"),
        ({"smallest_map": (None, "14x14")}, "smallest_map", "pool5 still comes after it"),
        ({"decoder": (None, "反卷积")}, "decoder_layers", "ordinary convolutions"),
        ({"decoder": ("反卷积，即卷积的逆运算", None)}, "decoder_layers", "it does not undo one"),
        ({"output": (None, "1x1 卷积")}, "output_layer", "SegNet's last 3 x 3 convolution"),
        ({"input": ("整幅图像", None)}, "inference", "DeconvNet segments some 50 object proposals"),
        ({"stages": ("一个阶段", None)}, "training", "two stages"),
        ({"end_to_end": (None, "不是")}, "training", "SegNet is trained end to end"),
        ({"data": (None, "VOC 2012")}, "purpose", "SegNet was made for road and indoor scenes"),
    ],
)
def test_a_wrong_claim_fails_its_line_alone_and_says_why(hand_in, cells, check, sentence):
    graded = hand_in("HW4", sheet(**cells))

    failed = {name for name, verdict in graded.verdicts.items() if verdict is Verdict.FAIL}
    assert failed - {"pass_rule"} == {check}
    assert sentence in graded.text(check)


@pytest.mark.parametrize(
    "ratio", ["8.55", "8-9 倍", "约 1/8 到 1/9", "1/8.55", "252/29.4 = 8.57", "11.7%", "8.5 times", "少了 88%"]
)
def test_the_ratio_may_be_said_either_way_round(hand_in, ratio):
    assert hand_in("HW4", sheet(ratio=ratio))["parameters"].verdict is Verdict.PASS


@pytest.mark.parametrize("ratio", ["222M", "10", "1/4", "2", "50%"])
def test_a_wrong_ratio_fails_the_parameters(hand_in, ratio):
    graded = hand_in("HW4", sheet(ratio=ratio))

    assert graded["parameters"].verdict is Verdict.FAIL
    assert "Divide the parameters of one network by those of the other" in graded.text("parameters")


def test_an_unclear_cell_is_pending_with_a_caret_and_never_wrong(hand_in):
    graded = hand_in("HW4", sheet(middle=(None, "fc6 保留，fc7 去掉")))

    assert graded["middle_block"].verdict is graded["pass_rule"].verdict is Verdict.UNREADABLE
    assert "this says both kept and removed; say one" in graded.text("middle_block")
    assert "line 7 of the answer sheet" in graded.text("middle_block")
    [where] = [line.text for line in graded["middle_block"].evidence if line.label is Label.WHERE]
    assert str(where).splitlines() == ["fc6 保留，fc7 去掉", "          ^"]
    assert graded.report.points.pending == 3 + 3 + 9


def test_an_empty_cell_is_missing_and_named(hand_in):
    graded = hand_in("HW4", sheet(middle=("", None), data=(None, "")))

    assert graded["middle_block"].verdict is graded["pass_rule"].verdict is Verdict.MISSING
    assert "Still empty: comparison: middle deconvnet." in graded.text("middle_block")
    assert graded["purpose"].verdict is Verdict.MISSING


def test_deconvnet_may_be_called_end_to_end_with_a_remark(hand_in):
    graded = hand_in("HW4", sheet(end_to_end=("yes", "yes")))

    assert graded["training"].verdict is Verdict.PASS
    assert "its proposals are made outside of it" in graded.remarks


def test_twelve_points_of_the_table_are_reached_by_those_who_pass_and_by_no_others(exercise):
    """Every one of the 512 ways to have the nine lines right or wrong."""
    points = {check.name: check.points for check in exercise.checks}
    lines = dict(zip(exercise.module.LINES, CHECK.values(), strict=True))
    assert sum(points.values()) - points["summary"] == 17
    for ways in product((False, True), repeat=len(lines)):
        right = {line for line, is_right in zip(lines, ways, strict=True) if is_right}
        by_the_rubric = (
            "middle" in right
            and bool(right & {"parameters", "smallest_map"})
            and "same" in right
            and len(right & {"decoder", "output", "input", "training", "data"}) >= 2
        )
        is_met = not exercise.module._unmet(right)
        earned = sum(points[lines[line]] for line in right) + points["pass_rule"] * is_met

        assert is_met is by_the_rubric
        assert (earned >= 12) is by_the_rubric


@pytest.mark.parametrize(
    ("wrong", "passes"),
    [
        (("parameters",), True),
        (("smallest_map", "decoder", "output", "input"), True),
        (("parameters", "smallest_map"), False),
        (("middle",), False),
        (("encoder",), False),
        (("decoder", "output", "input", "stages"), False),
    ],
)
def test_the_pass_rule_is_the_rubrics(hand_in, wrong, passes):
    graded = hand_in("HW4", sheet(**{question: WRONG[question] for question in wrong}))

    assert {CHECK[question] for question in wrong} <= {
        name for name, verdict in graded.verdicts.items() if verdict is Verdict.FAIL
    }
    assert (graded["pass_rule"].verdict is Verdict.PASS) is passes
    assert (graded.report.points.earned >= 12) is passes


def test_an_unclear_cell_leaves_the_pass_rule_open_only_where_it_decides(hand_in):
    decided = hand_in("HW4", sheet(decoder=(None, "???")))
    lost = hand_in("HW4", sheet(decoder=(None, "???"), middle=("removed", None)))

    assert decided["pass_rule"].verdict is Verdict.PASS
    assert lost["pass_rule"].verdict is Verdict.FAIL
    assert "The middle block is needed." in lost.text("pass_rule")


def test_the_free_text_is_stored_with_the_rubric_and_never_graded(hand_in):
    graded = hand_in("HW4", sheet(summary="我不知道。"))

    assert graded["summary"].verdict is Verdict.NEEDS_REVIEW
    assert (graded["summary"].earned, graded["summary"].pending) == (0, 9)
    assert "我不知道。" in graded.text("summary")
    assert "deconvnet_vs_segnet/rubric.en.md, deconvnet_vs_segnet/rubric.zh.md" in graded.text("summary")


def test_an_empty_free_text_is_missing(hand_in):
    assert hand_in("HW4", sheet(summary=""))["summary"].verdict is Verdict.MISSING


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("SegNet uses pooling indices, while DeconvNet does not.", "does without the switches"),
        ("SegNet 用池化索引，而 DeconvNet 没有。", "does without the switches"),
        ("DeconvNet does not use switches for unpooling.", "does without the switches"),
        ("SegNet upsamples by bilinear interpolation.", "interpolates"),
        ("DeconvNet 把编码器的特征图拼接到解码器。", "hands over feature maps"),
        ("SegNet has skip connections.", "hands over feature maps"),
        ("DeconvNet 没有使用 BN。SegNet 有 BN。", "no batch normalisation"),
        ("SegNet is trained end to end from scratch.", "starts from nothing"),
        ("DeconvNet 的反卷积是卷积的逆运算。", "the inverse of a convolution"),
        ("DeconvNet uses VGG-16, SegNet uses ResNet-50.", "an encoder other than VGG-16"),
        ("DeconvNet is asymmetric.", "no mirror"),
    ],
)
def test_a_contradiction_in_the_free_text_is_flagged_for_the_human(hand_in, text, note):
    graded = hand_in("HW4", sheet(summary=text))

    assert note in graded.text("summary")
    assert graded["summary"].verdict is Verdict.NEEDS_REVIEW


@pytest.mark.parametrize(
    "text",
    [
        SUMMARY,
        "Both DeconvNet and SegNet unpool by switches and use VGG-16. SegNet removes the 7x7 block of DeconvNet.",
        "DeconvNet 用反卷积，SegNet 用普通卷积，两者都用 switches。SegNet 只传索引，不像 U-Net 那样传特征图。",
        "SegNet stores only indices, no feature maps. DeconvNet does not work on the whole image.",
        "SegNet 去掉了 DeconvNet 的 fc6、fc7，参数从 252M 减到 29.4M。",
    ],
)
def test_a_right_free_text_is_not_flagged_as_a_contradiction(hand_in, text):
    assert "Perhaps it" not in hand_in("HW4", sheet(summary=text)).text("summary")


def test_each_wrong_submission_is_named_by_its_sentence(hand_in, exercise):
    for specimen in specimens(exercise, "wrong"):
        if specimen.fails != ("summary",):
            graded = hand_in("HW4", specimen.path.read_text(encoding="utf-8"))
            assert graded.diagnosis == specimen.name


def test_the_same_mistake_in_other_words_is_named_too(hand_in):
    only_segnet = sheet(upsampling=("转置卷积", "用池化索引反池化"), batch_norm=("有", "有"), input=("候选框", "整图"))

    assert hand_in("HW4", only_segnet).diagnosis == "only_segnet_uses_switches"


@pytest.mark.parametrize(
    "heading",
    ["# HW4", "# 作业4：DeconvNet 与 SegNet 的比较", "# DeconvNet vs SegNet", "# HW4 DeconvNet and SegNet compared", "# deconvnet_vs_segnet"],
)  # fmt: skip
def test_the_sheet_is_found_below_headings_that_name_both_networks(hand_in, heading):
    text = sheet().replace("# HW4", heading, 1)

    assert hand_in("HW4", text)["middle_block"].verdict is Verdict.PASS


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_bounds_hold_the_counts_of_the_reference_networks(exercise, batch_norm):
    lines = exercise.module.LINES["parameters"]
    with torch.device("meta"):
        counts = {"deconvnet": parameter_count(DeconvNet(), batch_norm=batch_norm)}
        counts |= {"segnet": parameter_count(SegNet(num_classes=11), batch_norm=batch_norm)}

    for side, count in counts.items():
        claim = lines[f"parameters {side}"]
        assert claim.problem(parse_number(str(count)).value) is None
        assert claim.problem(parse_number(f"{count / 10**6:.1f}M").value) is None
        assert claim.problem(parse_number(f"{count * 1.1:.0f}").value) is not None
    assert exercise.module._is_ratio(parse_number(f"{counts['deconvnet'] / counts['segnet']:.2f}").value)


def test_the_smallest_maps_are_what_five_poolings_and_fc6_leave(exercise):
    lines = exercise.module.LINES["smallest_map"]
    side = 224
    for _ in range(5):
        side = output_size(side, 2, stride=2)
    after_fc6 = output_size(side, 7)

    assert lines["smallest_map segnet"].problem(parse_number(f"{side}x{side}x512").value) is None
    assert lines["smallest_map deconvnet"].problem(parse_number(f"{after_fc6}x{after_fc6}x4096").value) is None
