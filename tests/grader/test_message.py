import json

from grader.message import Message, msg, verbatim

GERMAN = {"{name} has {count}": "{name} hat {count}", "two of {what}": "zwei von {what}"}


def translate(text):
    return GERMAN.get(text, text)


def test_a_message_is_rendered_in_a_language_with_what_it_holds():
    message = msg("{name} has {count}", name="f", count=msg("two of {what}", what=3))

    assert str(message) == "f has two of 3"
    assert message.render(translate) == "f hat zwei von 3"


def test_a_plain_sentence_may_hold_braces():
    assert str(msg(r"write \frac{1}{2}")) == r"write \frac{1}{2}"


def test_braces_of_a_student_stay_as_they_are():
    assert str(msg("got {value}", value="{0} {name}")) == "got {0} {name}"
    assert str(verbatim("{x}")) == "{x}"


def test_json_and_back_is_the_same_message():
    message = msg("{name} has {count}", name="f", count=msg("two of {what}", what=1.5))

    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message
    assert msg("none").to_json() == {"text": "none"}


def test_the_words_of_a_student_are_nobody_s_to_translate():
    assert verbatim("two of {what}").render(translate) == "two of {what}"
