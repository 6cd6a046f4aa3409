"""The catalogues of translations: every sentence is collected, translations are kept, missing ones are named.

`python -m grader.catalogue` writes, for each language but English,

    grader/locale/zh_CN/LC_MESSAGES/grader.po        the sentences of grader/ and the help of its commands
    exercises/locale/zh_CN/LC_MESSAGES/exercises.po  those of the course: titles, checks, hints, wrong submissions

and compiles each into the .mo beside it; `python -m grader.catalogue COURSE` does so for another course alone.
People write only between the quotes after `msgstr`.  Without a change in the sources no byte changes.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from grader.diagnose import specimens
from grader.exercise import Course, load_course
from grader.i18n import COURSE_DOMAIN, GRADER_DOMAIN, GRADER_LOCALE, LANGUAGES, SOURCE_LANGUAGE

# What click itself says to users of this program.
CLICK_TEXTS: tuple[str | tuple[str, str], ...] = (
    "Commands",
    "Error: {message}",
    "Invalid value for {param_hint}: {message}",
    "Invalid value: {message}",
    "Missing argument",
    "Missing command.",
    "Missing option",
    "No such command {name!r}.",
    "No such option {name!r}.",
    "Option {name!r} does not take a value.",
    "Options",
    "Show this message and exit.",
    "Try '{command} {option}' for help.",
    "Usage:",
    "default: {default}",
    "{value!r} is not a valid {number_type}.",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)
HEADER = """\
# What `grade --lang {language}` says. Written by `python -m grader.catalogue`, which keeps what stands in msgstr.
# Terms: docs/translation.md.
#"""
WIDTH = 120

Sentence = tuple[str | tuple[str, str], str]  # the text, or its singular and plural, and the file where it stands


class _Catalog(Catalog):
    """A catalogue without dates: equal sentences and translations make equal files."""

    def _get_mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]

    mime_headers = property(_get_mime_headers, Catalog._set_mime_headers)  # noqa: SLF001 - what Babel has it replaced by


def grader_sentences() -> Iterator[Sentence]:
    """The sentences of the grader, and the help of its commands."""
    folder = GRADER_LOCALE.parent
    for path in sorted(folder.rglob("*.py")):
        where = path.relative_to(folder.parent).as_posix()
        tree = _parsed(path)
        yield from ((text, where) for text in literal_messages(tree, where))
        if path.parent.name == "cli":
            yield from ((text, where) for text in _helps(tree))
    yield from ((text, "click") for text in CLICK_TEXTS)


def course_sentences(course: Course) -> Iterator[Sentence]:
    """The sentences of a course: titles, names of choices, checks, messages, and what its wrong submissions say."""
    yield course.title.text, "course.toml"
    for exercise in course.exercises:
        yield exercise.title.text, f"{exercise.name}/exercise.toml"
        for field in exercise.fields:
            yield from ((name.text, f"{exercise.name}/exercise.toml") for name in field.choice_names())
        for check in exercise.checks:
            yield check.sentence.text, f"{exercise.name}/checks.py"
        for path in sorted(exercise.folder.glob("*.py")):
            where = f"{exercise.name}/{path.name}"
            yield from ((text, where) for text in literal_messages(_parsed(path), where))
        for specimen in specimens(exercise, "wrong"):
            yield specimen.sentence, specimen.path.relative_to(course.folder).as_posix()


def literal_messages(tree: ast.AST, where: str) -> Iterator[str]:
    """The texts of all calls `msg("...")`, in their order, also of those in each other and on both sides of an `if`.

    Raises:
        ValueError: A call whose text is not literal: nobody could translate it.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "msg"]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        texts = _literals(call.args[0]) if call.args else [None]
        for text in texts:
            if text is None:
                raise ValueError(f"{where}:{call.lineno}: msg: expected a literal text, got {ast.unparse(call)}")
            yield text


def merged(found: Iterable[Sentence], language: str, before: bytes = b"") -> Catalog:
    """A catalogue of exactly these sentences, with the translations of the .po file as it was before.

    Args:
        found: The sentences; those of a file stay together, in their order.
        language: One of `grader.i18n.LANGUAGES`.
        before: The content of the .po file, if there is one.
    """
    locale = LANGUAGES[language]
    known = read_po(io.BytesIO(before), locale=locale) if before else Catalog(locale=locale)
    catalog = _Catalog(locale=locale, header_comment=HEADER.format(language=language), fuzzy=False)
    for text, where in found:
        if not text:
            continue
        message = catalog.add(text, locations=[(where, 0)])  # no line: it would change at every edit
        message.flags.discard("python-format")  # a per cent sign is one
        previous = known.get(text)
        if previous is not None:
            message.string = previous.string
            message.user_comments = previous.user_comments
            message.flags |= previous.flags & {"fuzzy"}
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """The catalogue as translators edit it."""
    stream = io.BytesIO()
    write_po(stream, catalog, width=WIDTH, include_lineno=False)
    return stream.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it; what is untranslated or fuzzy is left out."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def problems(catalog: Catalog) -> Iterator[str]:
    """A line for each sentence that is not translated, is marked fuzzy, or has other fields than its translation."""
    for message in catalog:
        texts, strings = _forms(message.id), _forms(message.string)
        if not texts[0]:
            continue  # the header
        where = f"{message.locations[0][0]}: {texts[0]!r}"
        if not all(strings):
            yield f"{where}: not translated"
        elif message.fuzzy:
            yield f"{where}: fuzzy; read the translation again and take the mark away"
        elif any(placeholders(string) != placeholders(texts[-1]) for string in strings):
            wanted, got = (" ".join(placeholders(text)) or "none" for text in (texts[-1], strings[0]))
            yield f"{where}: expected the fields {wanted}, got {got}"


def placeholders(text: str) -> list[str]:
    """The parts of a text in braces, sorted: fields, and in a formula of LaTeX its groups.

    Example:
        >>> placeholders("expected {expected!r}, got {got}")
        ['{expected!r}', '{got}']
    """
    return sorted(set(re.findall(r"\{[^{}]*\}", text)))


def grader_catalogues() -> dict[Path, Catalog]:
    """The .po file of the grader in each language, with the catalogue that belongs into it."""
    return _catalogues(GRADER_LOCALE, GRADER_DOMAIN, list(grader_sentences()))


def course_catalogues(course: Course) -> dict[Path, Catalog]:
    """The .po file of a course in each language, with the catalogue that belongs into it."""
    return _catalogues(course.folder / "locale", COURSE_DOMAIN, list(course_sentences(course)))


def main(arguments: list[str]) -> int:
    """Write and compile the catalogues; the exit status is 1 where something is left to translate."""
    if arguments:
        found = course_catalogues(load_course(Path(arguments[0])))
    else:
        found = grader_catalogues() | course_catalogues(load_course())
    left = 0
    for path, catalog in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalog))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        lines = list(problems(catalog))
        sys.stdout.write(f"{path}: {len(catalog)} sentences, {len(lines)} to do\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines)
        left += len(lines)
    return 1 if left else 0


def _catalogues(folder: Path, domain: str, found: Sequence[Sentence]) -> dict[Path, Catalog]:
    made = {}
    for language, locale in LANGUAGES.items():
        if language != SOURCE_LANGUAGE:
            path = folder / locale / "LC_MESSAGES" / f"{domain}.po"
            made[path] = merged(found, language, path.read_bytes() if path.exists() else b"")
    return made


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """The singular and the plurals of what Babel keeps as one text where there is no plural."""
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _literals(node: ast.expr) -> list[str | None]:
    """The texts that an expression can be; None for what is not written down there."""
    if isinstance(node, ast.IfExp):
        return [*_literals(node.body), *_literals(node.orelse)]
    return [node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None]


def _helps(tree: ast.Module) -> Iterator[str]:
    """Help as `grader/cli/help.py` looks it up: docstrings of commands, and `help=` of their options."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(_is_command(mark) for mark in node.decorator_list):
            yield inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "help":
                    yield from (inspect.cleandoc(text) for text in _literals(keyword.value) if text)


def _is_command(mark: ast.expr) -> bool:
    return isinstance(mark, ast.Call) and _name(mark.func) in ("command", "group")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
