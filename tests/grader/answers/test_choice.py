"""Choices: names inside sentences, negations, what is replaced, and refusals with their caret."""

import pytest

from grader.answers.choice import parse_choice
from grader.answers.source import Unreadable
from tests.grader.answers.carets import assert_caret

PROPOSERS = {
    "external": ("selective search", "选择性搜索", "SS"),
    "rpn": ("RPN", "region proposal network"),
    "itself": ("the network itself", "网络自己"),
}
LOSSES = {"softmax": ("softmax",), "svm": ("SVM", "支持向量机")}
STAGES = {"one": ("one", "端到端", "单阶段"), "several": ("several", "多阶段")}
NETS = {"deconvnet": ("DeconvNet", "反卷积网络"), "segnet": ("SegNet",), "both": ("both", "都")}


@pytest.mark.parametrize(
    ("text", "choices", "key"),
    [
        ("RPN", PROPOSERS, "rpn"),
        ("Ｒｐｎ 网络", PROPOSERS, "rpn"),
        ("a region-proposal network", PROPOSERS, "rpn"),
        ("**RPN**", PROPOSERS, "rpn"),
        ("selective search (the RPN comes later)", PROPOSERS, "external"),
        ("RPN, not selective search", PROPOSERS, "rpn"),
        ("RPN，而不是选择性搜索", PROPOSERS, "rpn"),
        ("RPN，不再使用 selective search", PROPOSERS, "rpn"),
        ("不再用 selective search，改用 RPN", PROPOSERS, "rpn"),
        ("不用 SS 改用 RPN", PROPOSERS, "rpn"),
        ("RPN replaces selective search", PROPOSERS, "rpn"),
        ("the RPN replaced the slow selective search", PROPOSERS, "rpn"),
        ("用 RPN 取代了选择性搜索", PROPOSERS, "rpn"),
        ("RPN 代替传统的 selective search", PROPOSERS, "rpn"),
        ("softmax 取代了 R-CNN 的 SVM", LOSSES, "softmax"),
        ("去掉 fc6 的 SegNet", NETS, "segnet"),
        ("selective search 被 RPN 取代", PROPOSERS, "rpn"),
        ("Selective search is replaced by the RPN.", PROPOSERS, "rpn"),
        ("selective search 不再使用，由 RPN 提出", PROPOSERS, "rpn"),
        ("selective search 消失，只剩 RPN", PROPOSERS, "rpn"),
        ("从 selective search 换成 RPN", PROPOSERS, "rpn"),
        ("from selective search to an RPN", PROPOSERS, "rpn"),
        ("softmax instead of SVMs", {**LOSSES, "svm": ("SVM", "SVMs")}, "softmax"),
        ("不用支持向量机", LOSSES, "softmax"),
        ("not an SVM", LOSSES, "softmax"),
        ("除了候选区域外是端到端的", STAGES, "one"),
        ("由多阶段变为单阶段", STAGES, "one"),
        ("SegNet 和 DeconvNet 都用", NETS, "both"),
        ("去掉 fc6 的是 SegNet", NETS, "segnet"),
        ("SegNet removes the block that DeconvNet does not touch", {"segnet": ("SegNet",)}, "segnet"),
    ],
)
def test_a_choice_is_found_in_what_people_write(text, choices, key):
    parsed = parse_choice(text, choices)

    assert not isinstance(parsed, Unreadable), parsed.message
    assert parsed.value == key


@pytest.mark.parametrize(
    ("marked", "choices", "message"),
    [
        ("selective search ¦RPN", PROPOSERS, "one choice is expected, but selective search and RPN are named"),
        ("SVM → ¦softmax", LOSSES, "one choice is expected, but SVM and softmax are named"),
        ("RPN or ¦SS", PROPOSERS, "one choice is expected, but RPN and selective search are named"),
        ("it is not the ¦RPN", PROPOSERS, "there is a negation beside RPN; name only the right choice"),
        ("¦RPN 没有", PROPOSERS, "there is a negation beside RPN; name only the right choice"),
        ("没有取代 ¦支持向量机", LOSSES, "there is a negation beside SVM; name only the right choice"),
        ("it has not replaced the ¦SVM", LOSSES, "there is a negation beside SVM; name only the right choice"),
        ("the ¦SVM has not been replaced", LOSSES, "there is a negation beside SVM; name only the right choice"),
        ("并没有改用 ¦RPN", PROPOSERS, "there is a negation beside RPN; name only the right choice"),
        ("不含候选区域是¦单阶段", STAGES, "there is a negation beside one; name only the right choice"),
        ("except for the proposals ¦one", STAGES, "there is a negation beside one; name only the right choice"),
        ("a ¦sofmax", LOSSES, "did you mean softmax?"),
        ("¦what?", LOSSES, "this names none of the choices"),
        ("¦", LOSSES, "this names none of the choices"),
    ],
)
def test_what_names_no_one_choice_is_refused(marked, choices, message):
    assert_caret(lambda text: parse_choice(text, choices), marked, message)


def test_a_refusal_says_what_would_be_accepted():
    refused = parse_choice("?", PROPOSERS)

    assert str(refused.accepted) == "one of selective search, RPN, the network itself"


def test_reading_by_what_is_denied_is_remarked():
    parsed = parse_choice("no softmax", LOSSES)

    assert parsed.value == "svm"
    assert [str(remark) for remark in parsed.remarks] == ["the answer denies the other choice and was read as SVM"]


def test_of_three_choices_a_denied_one_leaves_none():
    assert isinstance(parse_choice("no RPN", PROPOSERS), Unreadable)


def test_a_longer_name_hides_the_shorter_one_in_it():
    choices = {"some": ("some", "all classes have boxes"), "all": ("all", "all classes")}

    assert parse_choice("all classes have boxes", choices).value == "some"
    assert parse_choice("all classes", choices).value == "all"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "RPN " * 5_000,
        "SS " * 10_000,
        "not " * 10_000 + "RPN",
        ("不" + "需要" * 39 + "RPN。") * 500,
        ("不" + "a an any in on " * 5 + "RPN。") * 500,
        ("取代" * 39 + "的RPN。") * 500,
        ("RPN被" + "取" * 78 + "。") * 500,
        "被" * 10_000,
        "x" * 99_000,
    ],
)
def test_a_long_text_is_read_in_no_time_and_never_raises(text):
    parse_choice(text, PROPOSERS)
