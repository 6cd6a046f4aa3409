"""rcnn_family: what people write is read, mistakes are named, what the slides say is never wrong, a human reads the rest."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from grader.claim import Choice
from grader.diagnose import specimens
from grader.model import Verdict
from reference import geometry

ANSWERS = {
    "rcnn": {
        "proposals": "selective search",
        "convolution": "once per region",
        "size": "warp",
        "classifier": "SVM",
        "training": "several",
    },
    "fast_rcnn": {
        "proposals": "selective search",
        "convolution": "once per image",
        "size": "RoI pooling",
        "pooling": "max",
        "loss": "multi-task",
        "training": "one",
        "reason": "shared",
    },
    "faster_rcnn": {
        "proposals": "RPN",
        "sharing": "shared",
        "rpn": "objectness",
        "anchor": "reference box",
        "anchors": "9",
        "training": "alternating",
    },
}
MASK = {"branch": "parallel", "align": "bilinear", "loss": "sigmoid"}
MASK_X = {"masks_for": "some", "weights": "transfer"}
SUMMARY = "Each step removes what was slowest in the step before."
CLAIMS = (
    "regions", "several_trainings", "shared_convolution", "roi_pooling", "multi_task_loss", "external_proposals",
    "proposal_network", "anchors", "joint_training", "mask_rcnn", "mask_x_rcnn",
)  # fmt: skip
PHRASINGS = Path(__file__).with_name("rcnn_phrasings.txt")


def sheet(summary=SUMMARY, **changes):
    """A right sheet, with rows changed or added: fast_rcnn={"size": "warp"}; None leaves a row or a table out."""
    tables = {name: dict(rows) for name, rows in ANSWERS.items()}
    for name, rows in changes.items():
        if rows is None:
            del tables[name]
        else:
            tables[name] = {key: text for key, text in (tables.get(name, {}) | rows).items() if text is not None}
    lines = ["# HW3 rcnn_family", ""]
    for name, rows in tables.items():
        lines += [f"## {name}", "", *(f"- {key}: {text}" for key, text in rows.items()), ""]
    return "\n".join([*lines, "## summary", "", summary, ""])


def phrasings():
    """(field, row, what is meant or "?", words), of a file with a section for each meaning."""
    found, section = [], None
    for line in PHRASINGS.read_text(encoding="utf-8").splitlines()[2:]:
        if heading := re.fullmatch(r"\[(\w+) (\w+) (\w+|\?)\]", line):
            section = heading.groups()
        elif line:
            found.append((*section, line))
    return found


@pytest.fixture(scope="module")
def exercise(course):
    return course.exercise("HW3")


@pytest.fixture(scope="module")
def rows(exercise):
    return {(field.key, key): row for field in exercise.fields for key, row in field.options.get("rows", {}).items()}


@pytest.fixture(scope="module")
def claims(exercise):
    module = exercise.module
    tables = (*module.ASKED, ("mask_rcnn", module.MASK), ("mask_x_rcnn", module.MASK_X))
    return {(field, key): claim for field, claims in tables for key, claim in claims.items()}


def test_a_right_sheet_gets_all_claims_and_waits_for_a_human(hand_in):
    graded = hand_in("HW3", sheet(mask_rcnn=MASK, mask_x_rcnn=MASK_X))

    assert graded.verdicts == dict.fromkeys(CLAIMS, Verdict.PASS) | {"summary": Verdict.NEEDS_REVIEW}
    points = graded.report.points
    assert (points.earned, points.pending, points.possible) == (11, 8, 19)


@pytest.mark.parametrize(("field", "row", "meant"), sorted({line[:3] for line in phrasings()}))
def test_what_people_write_is_read_as_they_mean_it(rows, field, row, meant):
    for words in (line[3] for line in phrasings() if line[:3] == (field, row, meant)):
        reading = rows[field, row].parse(words)

        got = getattr(reading, "value", "?")
        assert got == meant, f"{words!r} was read as {got}, and means {meant}"


def test_there_are_phrasings_for_every_row_and_answer(rows):
    counts = {}
    for field, row, meant, _ in phrasings():
        counts.setdefault((field, row), {}).setdefault(meant, 0)
        counts[field, row][meant] += 1

    assert counts.keys() == {key for key, row in rows.items() if row.kind == "choice"}
    assert min(sum(found.values()) for found in counts.values()) >= 10
    assert sum(sum(found.values()) for found in counts.values()) >= 400
    assert all(len(found.keys() - {"?"}) >= 2 for found in counts.values())


def test_every_name_of_a_choice_is_read_as_that_choice(rows):
    for (field, key), row in rows.items():
        for choice, names in row.options.get("choices", {}).items():
            for name in names:
                reading = row.parse(name)
                assert getattr(reading, "value", None) == choice, f"{field}.{key}: {name!r} of {choice}"


def test_every_choice_is_right_or_has_a_sentence_of_its_own(rows, claims):
    assert rows.keys() == claims.keys()
    for place, claim in claims.items():
        if isinstance(claim, Choice):
            assert {claim.right, *claim.wrong} == rows[place].options["choices"].keys(), place
            assert claim.right not in claim.wrong, place
            assert len(set(map(str, claim.wrong.values()))) == len(claim.wrong), place


@pytest.mark.parametrize(
    ("table", "row", "texts"),
    [
        (
            "rcnn",
            "count",
            ["2000", "~2000", "约 2000 个", "2k", "1k~2k", "1000-2000", "2000 proposals", "大约2000个候选框"],
        ),
        ("rcnn", "seconds", ["47", "47 s", "47秒", "49 s", "about 50", "13 s"]),
        ("rcnn", "map", ["66", "66.0 %", "66.0％", "0.66", "58.5", "53.3 %", "53.7%"]),
        ("fast_rcnn", "grid", ["7x7", "7×7", "7 * 7", "7x7x512", "７×７", "7"]),
        ("fast_rcnn", "scale", ["1/16", "16", "0.0625", "缩小 16 倍"]),
        (
            "fast_rcnn",
            "seconds",
            ["0.22", "0.32 s", "0.22秒", "320 ms", "0.22-0.32 s", "约 0.3 秒", "0.32 s (0.22 s with SVD)"],
        ),
        ("fast_rcnn", "map", ["66.9", "66.9 %", "66.9% (VOC07)", "66.6 %", "67 %", "0.669"]),
        ("faster_rcnn", "seconds", ["0.2", "0.196 s", "198 ms", "0.2秒", "5 fps", "0.198"]),
        ("faster_rcnn", "map_07", ["69.9", "69.9 %", "70 %"]),
        ("faster_rcnn", "map_07_12", ["73.2", "73.2 % (07+12)", "73.2%", "0.732"]),
    ],
)
def test_numbers_of_slides_and_papers_are_right(hand_in, table, row, texts):
    for text in texts:
        verdicts = hand_in("HW3", sheet(**{table: {row: text}})).verdicts

        assert {verdicts[name] for name in CLAIMS} == {Verdict.PASS}, text


@pytest.mark.parametrize(
    ("table", "row", "text", "check", "sentence"),
    [
        ("rcnn", "count", "300", "regions", "300 is what Faster R-CNN keeps"),
        ("rcnn", "count", "20", "regions", "about 2000 regions"),
        ("rcnn", "seconds", "0.2", "several_trainings", "about 47 s"),
        ("rcnn", "map", "66.9", "several_trainings", "66.9 % is Fast R-CNN's accuracy"),
        ("fast_rcnn", "grid", "14x14", "roi_pooling", "7 x 7 cells"),
        ("fast_rcnn", "scale", "1/32", "roi_pooling", "1/32 would count pool5"),
        ("fast_rcnn", "seconds", "2.3 s", "external_proposals", "About 2 s of this are selective search"),
        ("fast_rcnn", "seconds", "47", "external_proposals", "0.32 s for an image"),
        ("fast_rcnn", "map", "66.0", "external_proposals", "66.0 % is R-CNN's accuracy"),
        ("fast_rcnn", "map", "70.0 %", "external_proposals", "VOC 2007 and 2012"),
        ("faster_rcnn", "seconds", "0.22", "joint_training", "That is Fast R-CNN without the proposals"),
        ("faster_rcnn", "seconds", "2 s", "joint_training", "about 0.2 s"),
        ("faster_rcnn", "map_07", "73.2", "joint_training", "73.2 % needs VOC 2007 and 2012"),
        ("faster_rcnn", "map_07_12", "69.9", "joint_training", "69.9 % is reached with VOC 2007 alone"),
        ("faster_rcnn", "anchors", "6", "anchors", "3 x 3, not 3 + 3"),
    ],
)
def test_a_crossed_number_loses_its_line_and_is_explained(hand_in, table, row, text, check, sentence):
    graded = hand_in("HW3", sheet(**{table: {row: text}}))

    assert {name for name in CLAIMS if graded[name].verdict is not Verdict.PASS} == {check}
    assert graded[check].verdict is Verdict.FAIL
    assert sentence in graded.text(check)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("map", "66.9/70.0"),
        ("map", "66.9 (07), 70.0 (07+12)"),
        ("seconds", "0.32 / 0.22"),
        ("seconds", "less than a second"),
        ("seconds", "0.3 s + 2 s"),
    ],
)
def test_several_numbers_in_one_row_are_open(hand_in, row, text):
    graded = hand_in("HW3", sheet(fast_rcnn={row: text}))

    assert graded["external_proposals"].verdict is Verdict.UNREADABLE
    assert text in graded.text("external_proposals")


@pytest.mark.parametrize(
    ("seconds", "accuracy", "is_remarked"),
    [
        ("0.22", "66.9", True),
        ("220 ms", "0.669", True),
        ("0.32", "66.6", True),
        ("0.32", "66.9", False),
        ("0.22 s", "66.6 %", False),
        ("0.22-0.32", "66.9", False),
        ("0.22", "", False),
    ],
)
def test_what_the_slides_print_together_is_right_and_remarked(hand_in, seconds, accuracy, is_remarked):
    graded = hand_in("HW3", sheet(fast_rcnn={"seconds": seconds, "map": accuracy}))

    assert graded["external_proposals"].verdict is Verdict.PASS
    assert ("66.9 % belongs to 0.32 s" in graded.remarks) is is_remarked


@pytest.mark.parametrize("table", ANSWERS)
def test_rows_of_numbers_may_stay_empty_and_others_not(hand_in, table):
    for row in ANSWERS[table]:
        verdicts = hand_in("HW3", sheet(**{table: {row: None}})).verdicts

        lost = {name for name in CLAIMS if verdicts[name] is not Verdict.PASS} - {"mask_rcnn", "mask_x_rcnn"}
        assert len(lost) == 1, row
        assert verdicts[lost.pop()] is Verdict.MISSING


def test_optional_tables_cost_nothing_once_the_others_are_filled_in(hand_in):
    empty = {"mask_rcnn": Verdict.PASS, "mask_x_rcnn": Verdict.PASS}

    assert hand_in("HW3", sheet()).verdicts.items() >= empty.items()
    assert hand_in("HW3", sheet(fast_rcnn={"size": "warp"})).verdicts.items() >= empty.items()
    for name in ANSWERS:
        verdicts = hand_in("HW3", sheet(**{name: None})).verdicts
        assert {verdicts[optional] for optional in empty} == {Verdict.MISSING}


def test_empty_optional_tables_wait_only_where_hardly_anything_is_read(hand_in):
    unclear = {name: dict.fromkeys(rows, "hm") for name, rows in ANSWERS.items()}

    some = hand_in("HW3", sheet(rcnn=unclear["rcnn"])).verdicts
    most = hand_in("HW3", sheet(**unclear)).verdicts

    assert some["regions"] is some["several_trainings"] is Verdict.UNREADABLE
    assert some["mask_rcnn"] is some["mask_x_rcnn"] is Verdict.PASS
    assert {most[name] for name in CLAIMS} == {Verdict.UNREADABLE}


def test_an_optional_claim_counts_where_it_is_made(hand_in):
    right = hand_in("HW3", sheet(rcnn=None, mask_rcnn={"align": "no rounding"})).verdicts
    wrong = hand_in("HW3", sheet(mask_rcnn=MASK | {"loss": "softmax over the classes"}))
    unread = hand_in("HW3", sheet(mask_x_rcnn={"weights": "somehow"})).verdicts

    assert right["mask_rcnn"] is Verdict.PASS
    assert right["mask_x_rcnn"] is Verdict.MISSING
    assert wrong["mask_rcnn"].verdict is Verdict.FAIL
    assert "each has a mask of its own with a sigmoid" in wrong.text("mask_rcnn")
    assert unread["mask_x_rcnn"] is Verdict.UNREADABLE


@pytest.mark.parametrize(
    "answer", ["RPN or selective search", "RPN 或 selective search", "somebody", "selective serach", "???!"]
)
def test_an_unclear_answer_is_open_with_a_caret_and_never_wrong(hand_in, answer):
    graded = hand_in("HW3", sheet(faster_rcnn={"proposals": answer}))

    assert graded["proposal_network"].verdict is Verdict.UNREADABLE
    assert answer in graded.text("proposal_network")
    assert "^" in graded.text("proposal_network")
    assert "one of RPN, selective search" in graded.text("proposal_network")
    assert graded["anchors"].verdict is Verdict.PASS


def test_all_wrong_rows_of_a_line_are_explained(hand_in):
    graded = hand_in("HW3", sheet(faster_rcnn={"rpn": "the 20 classes", "anchor": "the ground truth", "anchors": "6"}))

    assert graded["anchors"].verdict is Verdict.FAIL
    assert "3 of 3 claims are wrong." in graded.text("anchors")
    for sentence in ("The RPN does not classify", "Anchors are not the ground truth", "3 x 3, not 3 + 3"):
        assert sentence in graded.text("anchors")
    assert graded.diagnosis is None


@pytest.mark.parametrize(
    "summary",
    [
        "Shared convolutions, RoI pooling, multi-task loss, RPN, anchors, alternating training, SVM, warp.",
        "我还没有想好。",
        "Fast R-CNN 整图只卷积一次；Faster R-CNN 用 RPN。",
        "x" * 50_000,
    ],
)
def test_the_summary_is_a_humans_whatever_words_it_has(hand_in, summary):
    graded = hand_in("HW3", sheet(summary=summary))

    assert graded["summary"].verdict is Verdict.NEEDS_REVIEW
    assert (graded["summary"].earned, graded["summary"].pending) == (0, 8)
    assert summary in graded.text("summary")
    assert "rcnn_family/rubric.en.md, rcnn_family/rubric.zh.md" in graded.text("summary")


def test_the_words_of_a_summary_show_where_to_look(hand_in):
    text = hand_in("HW3", sheet(summary="Fast R-CNN 共享 feature map，然后 RoI pooling；SVM 没有了。")).text("summary")

    assert "Words found, by line: 2 (SVM), 3 (feature map, 共享), 4 (RoI pooling, RoI pool)." in text
    assert "No word found, by line: 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15." in text


@pytest.mark.parametrize("summary", ["", "TODO", "待填写", "...", "<!-- later -->"])
def test_an_empty_summary_is_missing(hand_in, summary):
    assert hand_in("HW3", sheet(summary=summary))["summary"].verdict is Verdict.MISSING


def test_the_report_does_not_tell_the_rubric(hand_in, exercise):
    text = hand_in("HW3", sheet(summary="nothing yet")).text("summary")

    rubric = exercise.text("rubric.en.md") + exercise.text("rubric.zh.md")
    words = {word.strip() for found in re.findall(r"\[([^\]]+)\]", rubric) for word in found.split("|")}
    assert [word for word in words if word.casefold() in text.casefold()] == []


@pytest.mark.parametrize(
    "titles",
    [
        ["R-CNN", "Fast R-CNN", "Faster R-CNN", "Mask R-CNN", "Mask^X R-CNN", "总结"],
        ["1. RCNN", "2. Fast-RCNN", "3. Faster-RCNN", "4. Mask-RCNN", "5. MaskX R-CNN", "6. Summary"],
        [
            "一、R-CNN（2014）",
            "二、Fast R-CNN",
            "三、Faster R-CNN",
            "四、Mask R-CNN",
            "五、Mask^X R-CNN",
            "六、R-CNN 系列总结",
        ],
        [
            "R-CNN (CVPR 2014)",
            "FastRCNN",
            "FasterRCNN",
            "MaskRCNN",
            "Mask X R-CNN",
            "R-CNN、Fast R-CNN、Faster R-CNN 总结",
        ],
    ],
)
def test_headings_may_be_written_in_many_ways(hand_in, titles):
    text = sheet(mask_rcnn=MASK, mask_x_rcnn=MASK_X)
    names = ["rcnn", "fast_rcnn", "faster_rcnn", "mask_rcnn", "mask_x_rcnn", "summary"]
    for name, title in zip(names, titles, strict=True):
        text = text.replace(f"## {name}\n", f"## {title}\n")

    verdicts = hand_in("HW3", text.replace("# HW3 rcnn_family", "# 作业3")).verdicts

    assert verdicts == dict.fromkeys(CLAIMS, Verdict.PASS) | {"summary": Verdict.NEEDS_REVIEW}


@pytest.mark.parametrize("left", [(0, 1, 2), (0, 2), (1, 2)])
def test_the_starters_table_is_read_with_all_or_some_of_its_columns(hand_in, exercise, left):
    lines, table = [], ""
    for line in exercise.text("starter.md").splitlines():
        if line.startswith("## "):
            table = line[3:].lower().replace("^", "_").replace("-", "").replace(" ", "_")
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            answer = ANSWERS.get(table, {}).get(cells[0])
            cells[2] = answer or cells[2]
            line = f"| {' | '.join(cells[index] for index in left)} |"
        lines.append(line)

    verdicts = hand_in("HW3", "\n".join([*lines, SUMMARY])).verdicts

    assert verdicts == dict.fromkeys(CLAIMS, Verdict.PASS) | {"summary": Verdict.NEEDS_REVIEW}


def test_a_row_that_is_not_asked_for_is_remarked_and_costs_nothing(hand_in):
    graded = hand_in("HW3", sheet(rcnn={"backbone": "AlexNet"}))

    assert graded["regions"].verdict is Verdict.PASS
    assert "rcnn: no row is called `backbone`; it was not read" in graded.remarks


def test_a_table_that_is_none_is_open_and_leaves_the_others_alone(hand_in):
    text = sheet(rcnn=None).replace("## fast_rcnn", "## rcnn\n\nEverything is slow.\n\n## fast_rcnn", 1)

    graded = hand_in("HW3", text)

    assert graded["regions"].verdict is graded["several_trainings"].verdict is Verdict.UNREADABLE
    assert "there is no table here" in graded.text("regions")
    assert graded["roi_pooling"].verdict is Verdict.PASS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_a_chinese_sheet_in_any_encoding_is_read(hand_in, exercise, encoding):
    text = (exercise.folder / "submissions/accepted/chinese_table.md").read_text(encoding="utf-8")

    verdicts = hand_in("HW3", text.encode(encoding)).verdicts

    assert verdicts == dict.fromkeys(CLAIMS, Verdict.PASS) | {"summary": Verdict.NEEDS_REVIEW}


def test_every_mistake_is_found_in_a_sheet_of_its_own(hand_in, exercise):
    wrong = [one for one in specimens(exercise, "wrong") if one.name != "no_summary"]

    named = {one.name: hand_in("HW3", one.path.read_text(encoding="utf-8")).diagnosis for one in wrong}

    assert named == {one.name: one.name for one in wrong}


def test_a_mistake_in_other_words_and_beside_empty_tables_is_named(hand_in):
    text = sheet(fast_rcnn={"pooling": "取每个格子的平均"}, rcnn=None, faster_rcnn=None)

    assert hand_in("HW3", text).diagnosis == "roi_pooling_averages"


def test_two_mistakes_are_both_explained_and_neither_is_named(hand_in):
    graded = hand_in("HW3", sheet(rcnn={"classifier": "softmax"}, fast_rcnn={"proposals": "the network itself"}))

    assert graded.diagnosis is None
    assert "scored by one SVM per class" in graded.text("several_trainings")
    assert "given those of selective search" in graded.text("external_proposals")


def test_the_numbers_agree_with_the_reference(claims):
    layers = [geometry.Layer(kernel_size=2, stride=2)] * 4  # the pools before conv5_3
    assert claims["fast_rcnn", "scale"].low == geometry.receptive_field(layers).jump == 16
    assert (
        claims["fast_rcnn", "seconds"].low <= Fraction("0.22") < Fraction("0.32") <= claims["fast_rcnn", "seconds"].high
    )


def test_empty_optional_tables_are_no_gift_for_wrong_answers(hand_in):
    wrong = {
        "rcnn": {"proposals": "RPN", "convolution": "once", "size": "RoIAlign", "classifier": "softmax", "training": "one"},
        "fast_rcnn": {
            "convolution": "per region", "reason": "GPU", "size": "RoIAlign", "pooling": "average", "loss": "SVM",
            "training": "several stages", "proposals": "RPN",
        },
        "faster_rcnn": {
            "proposals": "selective search", "sharing": "separate", "rpn": "20 classes", "anchor": "ground truth",
            "anchors": "6", "training": "separately",
        },
    }  # fmt: skip
    graded = hand_in("HW3", sheet(**wrong))

    assert {graded.verdicts[name] for name in ("mask_rcnn", "mask_x_rcnn")} == {Verdict.FAIL}
    assert "counts only where most" in graded.text("mask_rcnn")
