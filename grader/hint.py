"""What to change when a student's exception is a known one: old numpy spellings, Python 2, forbidden libraries.

And what was returned, where it is nothing that can cross the wall.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from grader.message import Message, msg, verbatim
from grader.sandbox.host import ErrorInfo

MODERN = {
    "bool": "bool",
    "int": "int",
    "float": "float",
    "complex": "complex",
    "object": "object",
    "str": "str",
    "long": "int",
    "unicode": "str",
    "bool8": "np.bool_",
    "float_": "np.float64",
    "complex_": "np.complex128",
    "int0": "np.intp",
    "Inf": "np.inf",
    "Infinity": "np.inf",
    "infty": "np.inf",
    "NaN": "np.nan",
    "NINF": "-np.inf",
    "PINF": "np.inf",
    "product": "np.prod",
    "cumproduct": "np.cumprod",
    "sometrue": "np.any",
    "alltrue": "np.all",
    "in1d": "np.isin",
    "row_stack": "np.vstack",
    "trapz": "np.trapezoid",
    "round_": "np.round",
    "asscalar": "array.item()",
    "msort": "np.sort(a, axis=0)",
}


def hint_for(info: ErrorInfo) -> Message | None:
    """The sentence that says what to change, or None where we do not know."""
    hints = _HINTS if info.line else (*_HINTS, *_CALLED)  # without a line it was our call that did not fit
    for pattern, make in hints:
        match = re.search(pattern, f"{info.type}: {info.message}")
        if match:
            return make(match)
    return None


def returned(reason: str) -> Message:
    """What a function returned that cannot cross, as the wire says it; what it does not say so stays as it is.

    Example:
        >>> returned("a value of type generator").text
        'a value of type {name}'
    """
    for pattern, make in _RETURNS:
        match = re.fullmatch(pattern, reason)
        if match:
            return make(match)
    return verbatim(reason)


def _modern(match: re.Match[str]) -> Message | None:
    modern = MODERN.get(match["name"])
    if modern is None:
        return None
    return msg("np.{old} was removed from numpy; write {new} instead.", old=match["name"], new=modern)


def _one_element(match: re.Match[str]) -> Message:
    return msg(
        "numpy 2 no longer turns an array of one element into a number by itself: write value.item(), or index the "
        "element, as in y[0, 0] = np.sum(a * b)."
    )


def _no_module(match: re.Match[str]) -> Message:
    return msg(
        "The module {name} is not there while this exercise is graded: it is to be written without it.",
        name=match["name"],
    )


def _not_imported(match: re.Match[str]) -> Message | None:
    if match["name"] not in ("torch", "scipy", "plt", "cv2", "signal", "F", "nn", "tf", "tensorflow"):
        return None
    return msg(
        "{name} was not imported when the file was loaded: its import is missing or has failed; only the libraries that "
        "the prompt names are there.",
        name=match["name"],
    )


def _print_statement(match: re.Match[str]) -> Message:
    return msg("This is Python 2: write print(...) with parentheses.")


def _other_parameters(match: re.Match[str]) -> Message:
    return msg(
        "{name} is called as the prompt says: keep the names and the order of its parameters.", name=match["name"]
    )


def _no_input(match: re.Match[str]) -> Message:
    return msg("Nobody answers input() while a program is graded: take the values as arguments of the function.")


def _exits(match: re.Match[str]) -> Message:
    return msg("exit() ends the whole program: let the function return its result, and leave exit() out.")


def _no_function(match: re.Match[str]) -> Message:
    return msg(
        "The name stands for a value of type {name} when the file is loaded; define a function of that name with def.",
        name=match["name"],
    )


def _read_only(match: re.Match[str]) -> Message:
    return msg("Files cannot be written there while a program is graded; the function only needs to return its result.")


_HINTS = (
    (r"AttributeError: module 'numpy' has no attribute '(?P<name>\w+)'", _modern),
    (r"AttributeError: `?np\.(?P<name>\w+)`? was (removed|a deprecated)", _modern),
    (
        r"(only 0-dimensional arrays can be converted|setting an array element with a sequence|only length-1 arrays)",
        _one_element,
    ),
    (r"ModuleNotFoundError: No module named '(?P<name>\w+)", _no_module),
    (r"^SystemExit:|NameError: name '(exit|quit)' is not defined", _exits),
    (r"NameError: name '(?P<name>\w+)' is not defined", _not_imported),
    (r"Missing parentheses in call to 'print'", _print_statement),
    (r"EOFError: input\(\)", _no_input),
    (r"(PermissionError|Read-only file system)", _read_only),
)

_CALLED = (
    (
        r"TypeError: (?P<name>\w+)\(\) (missing \d+ required|takes (from )?\d+|got (an unexpected|multiple values))",
        _other_parameters,
    ),
    (r"TypeError: '(?P<name>\w+)' object is not callable", _no_function),
)

_RETURNS: tuple[tuple[str, Callable[[re.Match[str]], Message]], ...] = (
    (r"a value of type (\w+)", lambda match: msg("a value of type {name}", name=match[1])),
    (
        r"a dict whose key is of type (\w+); only strings can cross",
        lambda match: msg("a dict whose key is of type {name}; only strings can cross", name=match[1]),
    ),
    (
        r"an array of dtype (\S+); only numbers can cross",
        lambda match: msg("an array of dtype {name}; only numbers can cross", name=match[1]),
    ),
)
