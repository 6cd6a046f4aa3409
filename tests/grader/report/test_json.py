import json

from grader.message import msg, verbatim
from grader.model import Evidence, ExerciseReport, Label, Outcome, Report, Verdict
from grader.report.json import document, dumps, with_sentences

OUTCOME = Outcome("c", msg("A claim."), Verdict.FAIL, 2, msg("{n} differ", n=3), (Evidence(Label.GOT, verbatim("王")),))
REPORT = Report("T", "王", "00ff", "7", "cpu", (ExerciseReport("e", 1, msg("Title"), (OUTCOME,)),), isolation="process")
GERMAN = {"{n} differ": "{n} sind anders", "Title": "Titel"}


def test_the_document_is_the_report_with_its_digest_and_what_is_added():
    data = document(REPORT, number=3)

    assert data["digest"] == REPORT.digest
    assert data["number"] == 3
    assert Report.from_json(data) == REPORT


def test_each_message_has_its_sentence_in_the_language_beside_it():
    [part] = document(REPORT, lambda text: GERMAN.get(text, text))["exercises"]

    assert part["title"] == {"text": "Title", "message": "Titel"}
    [outcome] = part["outcomes"]
    assert outcome["summary"] == {"text": "{n} differ", "args": {"n": 3}, "message": "3 sind anders"}
    assert outcome["evidence"][0]["text"]["message"] == "王"


def test_only_messages_get_sentences():
    data = {"text": "t", "field": "f", "list": [{"text": "a"}, 1, None]}

    assert with_sentences(data) == {"text": "t", "field": "f", "list": [{"text": "a", "message": "a"}, 1, None]}


def test_the_digest_does_not_depend_on_the_language():
    assert document(REPORT, lambda text: GERMAN.get(text, text))["digest"] == document(REPORT)["digest"]


def test_the_text_is_json_that_people_can_read_too():
    said = dumps(document(REPORT))

    assert json.loads(said) == document(REPORT)
    assert '"student": "王"' in said
    assert said.endswith("}\n")
