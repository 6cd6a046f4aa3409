import ast
import gettext
import io
import re
import string

import pytest

from grader import catalogue
from grader.catalogue import literal_messages, merged, mo_bytes, placeholders, po_bytes, problems
from grader.exercise import load_course
from grader.message import Message

CHECKS = '''
from grader.checks import check
from grader.message import msg

@check(points=1)
def folded(answers):
    """The paper
    is folded."""
    return msg("Fold {count} times.", count=2)
'''
EXERCISE = """
format = 1
title = "Fold it"
[[fields]]
key = "how"
kind = "choice"
choices = { twice = ["folded twice", "折两次"], torn = [] }
[[fields]]
key = "table"
kind = "claims"
[fields.rows.edge]
names = ["edge"]
kind = "statement"
choices = { not_cut = ["smooth"], cut = ["cut"] }
"""
WRONG = '"""You tore\n    the paper.\n\nFails: folded\n"""\n'


@pytest.fixture(scope="module")
def found():
    return catalogue.grader_catalogues() | catalogue.course_catalogues(load_course())


@pytest.fixture
def course(tmp_path):
    exercise = tmp_path / "paper"
    (exercise / "submissions" / "wrong").mkdir(parents=True)
    (tmp_path / "course.toml").write_text('format = 1\ntitle = "Paper"\nexercises = ["paper"]\n')
    (exercise / "exercise.toml").write_text(EXERCISE)
    (exercise / "checks.py").write_text(CHECKS)
    (exercise / "submissions" / "wrong" / "torn.py").write_text(WRONG)
    return tmp_path


def texts(source):
    return list(literal_messages(ast.parse(source), "file.py"))


def test_the_committed_catalogues_are_what_make_catalogue_writes(found):
    for path, catalog in found.items():
        assert path.read_bytes() == po_bytes(catalog), f"{path} is stale: run `make catalogue`"
        assert path.with_suffix(".mo").read_bytes() == mo_bytes(catalog), f"{path}: .mo is stale: run `make catalogue`"


def test_every_sentence_is_translated_with_the_same_fields(found):
    assert [line for catalog in found.values() for line in problems(catalog)] == []


def test_every_translation_can_be_filled_in(found):
    for catalog in found.values():
        for message in catalog:
            text, translation = message.id, message.string
            if not text or not translation or isinstance(text, tuple) or "click" in dict(message.locations):
                continue
            fields = (
                [part for part in string.Formatter().parse(text) if part[1] is not None] if is_template(text) else []
            )
            args = {name: 3 if spec else "三" for _, name, spec, _ in fields}

            rendered = Message(text, args).render(lambda _, translation=translation: translation)

            assert rendered
            assert not args or all(str(value) in rendered for value in args.values()), text


def is_template(text):
    """A plain sentence may hold the braces of LaTeX."""
    return all(part[1:-1].split("!")[0].split(":")[0].isidentifier() for part in placeholders(text))


def test_a_sentence_ends_with_a_chinese_full_stop(found):
    for catalog in found.values():
        for message in catalog:
            if message.string and isinstance(message.id, str) and re.search(r"[^.]\.$", message.id):
                assert message.string[-1] == "。", message.id


def test_texts_are_found_in_each_other_on_both_sides_of_an_if_and_in_pieces():
    source = """
raise Error(msg("outer {inner}", inner=msg("inner") if deep else msg("other")))
x = [message.msg("a " "b"), msg("yes" if x else "no", n=1)]
"""

    assert texts(source) == ["outer {inner}", "inner", "other", "a b", "yes", "no"]


@pytest.mark.parametrize("call", ["msg(text)", 'msg(f"{x} files")', 'msg("a" if x else text)', 'msg("a" + x)', "msg()"])
def test_a_text_that_nobody_could_translate_is_refused(call):
    with pytest.raises(ValueError, match=r"file\.py:2: msg: expected a literal text, got msg\("):
        texts(f"\n{call}")


def test_help_of_commands_is_collected_as_it_is_looked_up():
    found = dict(catalogue.grader_sentences())

    assert found["Show the last recorded reports, or the one with this number."] == "grader/cli/show.py"
    assert found["Grade this exercise only; may be given several times."] == "grader/cli/options.py"
    assert (
        "Grade a folder, a zip or a notebook like submit, but record nothing.\n\nThe exit codes are those of `grade submit`."
        in found
    )
    assert found["Usage:"] == "click"


def test_a_course_gives_titles_names_of_choices_checks_messages_and_misconceptions(course):
    assert list(catalogue.course_sentences(load_course(course))) == [
        ("Paper", "course.toml"),
        ("Fold it", "paper/exercise.toml"),
        ("folded twice", "paper/exercise.toml"),
        ("torn", "paper/exercise.toml"),
        ("not cut", "paper/exercise.toml"),
        ("cut", "paper/exercise.toml"),
        ("The paper is folded.", "paper/checks.py"),
        ("Fold {count} times.", "paper/checks.py"),
        ("You tore the paper.", "paper/submissions/wrong/torn.py"),
    ]


def test_translations_are_kept_and_vanished_sentences_deleted():
    first = merged([("Fold.", "a.py"), ("Tear.", "a.py")], "zh")
    first["Fold."].string, first["Tear."].string = "折。", "撕。"

    second = merged([("Fold it.", "a.py"), ("Fold.", "b.py")], "zh", po_bytes(first))

    assert {message.id: message.string or "" for message in second if message.id} == {"Fold it.": "", "Fold.": "折。"}
    assert "Tear" not in po_bytes(second).decode()


def test_a_file_holds_no_dates_and_no_lines_and_is_the_same_every_time():
    catalog = merged([("Fold {n}.", "a.py"), ("Tear 5 % off.", "b.py"), ("Fold {n}.", "c.py")], "zh")
    text = po_bytes(catalog).decode()

    assert "Date" not in text
    assert "#: a.py c.py\n" in text
    assert "python-format" not in text
    assert po_bytes(
        merged([("Fold {n}.", "a.py"), ("Tear 5 % off.", "b.py"), ("Fold {n}.", "c.py")], "zh", text.encode())
    ) == (text.encode())


def test_what_is_left_to_do_is_named_with_file_and_text():
    catalog = merged([("One.", "a.py"), ("Two.", "b.py"), ("{n} of {m}", "c.py"), ("Four.", "d.py")], "zh")
    for text, string_, flags in [("Two.", "二。", {"fuzzy"}), ("{n} of {m}", "{n}", set()), ("Four.", "四。", set())]:
        catalog[text].string = string_
        catalog[text].flags |= flags

    assert list(problems(catalog)) == [
        "a.py: 'One.': not translated",
        "b.py: 'Two.': fuzzy; read the translation again and take the mark away",
        "c.py: '{n} of {m}': expected the fields {m} {n}, got {n}",
    ]


def test_gettext_reads_the_compiled_file_without_what_is_fuzzy():
    catalog = merged([("One.", "a.py"), ("Two.", "a.py"), (("{n} file", "{n} files"), "click")], "zh")
    catalog["One."].string, catalog["Two."].string = "一。", "二。"
    catalog["Two."].flags.add("fuzzy")
    catalog["{n} file"].string = ("{n} 个文件",)

    read = gettext.GNUTranslations(io.BytesIO(mo_bytes(catalog)))

    assert (read.gettext("One."), read.gettext("Two.")) == ("一。", "Two.")
    assert read.ngettext("{n} file", "{n} files", 1) == read.ngettext("{n} file", "{n} files", 2) == "{n} 个文件"


def test_the_command_writes_compiles_and_says_what_is_left(course, capsys):
    status = catalogue.main([str(course)])
    path = course / "locale" / "zh_CN" / "LC_MESSAGES" / "exercises.po"

    assert status == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{path}: 9 sentences, 9 to do",
        "  course.toml: 'Paper': not translated",
    ]
    path.write_text(
        path.read_text(encoding="utf-8").replace('msgstr ""\n\n', 'msgstr "{count} 纸。"\n\n'), encoding="utf-8"
    )

    catalogue.main([str(course)])

    assert gettext.GNUTranslations(io.BytesIO(path.with_suffix(".mo").read_bytes())).gettext("Paper") == "{count} 纸。"
