from grader.message import Message, joined, msg, verbatim

CHINESE = {"kept": "保留", "removed": "去掉", "{row}: {answer}": "{row}：{answer}"}


def translate(text):
    return CHINESE.get(text, text)


def test_joined_messages_are_translated_one_by_one():
    parts = [msg("{row}: {answer}", row="fc6", answer=msg("kept")), verbatim("{kept}"), msg("removed")]

    assert joined(parts, "; ").render(translate) == "fc6：保留; {kept}; 去掉"
    assert str(joined(parts)) == "fc6: kept, {kept}, removed"
    assert str(joined([])) == ""


def test_a_message_survives_json_with_the_messages_inside_of_it():
    message = joined([msg("{n} of {m}", n=1, m=joined([msg("two"), msg("three")], " or "))])

    assert Message.from_json(message.to_json()) == message
    assert str(message) == "1 of two or three"


def test_a_sentence_without_values_may_hold_braces():
    assert str(msg(r"write \frac{1}{2}")) == r"write \frac{1}{2}"


def test_what_is_verbatim_is_not_translated():
    assert verbatim("kept").render(translate) == "kept"
