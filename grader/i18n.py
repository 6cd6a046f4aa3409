"""The languages of the reports: gettext catalogues, chosen by name, chained over the grader's and a course's texts.

grader/locale/zh_CN/LC_MESSAGES/grader.mo           what the grader says
COURSE/locale/zh_CN/LC_MESSAGES/exercises.mo        what the exercises of a course say
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

from grader.message import Translate

LANGUAGES = {"en": "en", "zh": "zh_CN"}  # the name on the command line, and the catalogue's folder
SOURCE_LANGUAGE = "en"  # the texts in the code are its own catalogue
GRADER_DOMAIN = "grader"
COURSE_DOMAIN = "exercises"
GRADER_LOCALE = Path(__file__).parent / "locale"


def translator(language: str, course_folder: Path | None = None) -> Translate:
    """The function that turns an English text into this language; a text without translation stays English.

    Args:
        language: One of `LANGUAGES`.
        course_folder: The course whose texts are translated too; without it only the grader's are.

    Raises:
        ValueError: No such language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    if language == SOURCE_LANGUAGE:
        return str
    catalogue = _catalogue(GRADER_DOMAIN, GRADER_LOCALE, language)
    if course_folder is not None:
        catalogue.add_fallback(_catalogue(COURSE_DOMAIN, course_folder / "locale", language))

    def translate(text: str) -> str:
        return catalogue.gettext(text) if text else ""  # gettext answers "" with the catalogue's own header

    return translate


def default_language(environ: Mapping[str, str] = os.environ) -> str:
    """The language that the environment asks for by LC_ALL, LC_MESSAGES or LANG; English where it names none of ours.

    Example:
        >>> default_language({"LANG": "zh_CN.UTF-8"})
        'zh'
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            code = value.replace("-", "_").split("_")[0].split(".")[0].lower()
            return code if code in LANGUAGES else SOURCE_LANGUAGE
    return SOURCE_LANGUAGE


def _catalogue(domain: str, folder: Path, language: str) -> gettext.NullTranslations:
    # A fresh copy each time: `translation` caches, and the fallback must not be added to what others share.
    path = gettext.find(domain, str(folder), [LANGUAGES[language]])
    if path is None:
        return gettext.NullTranslations()
    with Path(path).open("rb") as stream:
        return gettext.GNUTranslations(stream)
