import pytest

from grader.i18n import LANGUAGES, default_language, translator


def write_catalogue(folder, text, translation):
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    catalog = Catalog(locale="zh_CN")
    catalog.add(text, translation)
    path = folder / "locale" / "zh_CN" / "LC_MESSAGES" / "exercises.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        write_mo(stream, catalog)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zh-TW"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
    ],
)
def test_the_environment_chooses_the_language(environ, language):
    assert default_language(environ) == language


def test_a_text_without_translation_stays_english():
    assert translator("zh")("Nobody has translated this.") == "Nobody has translated this."


def test_english_is_its_own_catalogue():
    assert translator("en")("PASS") == "PASS"
    assert translator("zh")("PASS") == "通过"


def test_no_text_is_not_the_header_of_the_catalogue():
    assert translator("zh")("") == ""


def test_a_course_brings_its_own_catalogue_and_the_graders_goes_on(tmp_path):
    write_catalogue(tmp_path, "Fold the paper.", "把纸折好。")

    translate = translator("zh", tmp_path)

    assert translate("Fold the paper.") == "把纸折好。"
    assert translate("PASS") == "通过"
    assert translator("zh")("Fold the paper.") == "Fold the paper."


def test_a_course_without_catalogue_is_no_error(tmp_path):
    assert translator("zh", tmp_path)("PASS") == "通过"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="language: expected one of en, zh, got 'de'"):
        translator("de")


def test_every_language_but_english_has_a_catalogue_of_the_grader():
    assert all(translator(language)("PASS") != "PASS" for language in LANGUAGES if language != "en")
