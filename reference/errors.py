"""What a function of `reference` says when it is called with something it cannot work on.

ValueError
+-- ArgumentError          one argument is wrong; the text is always
    |                      "name: expected ..., got ...; next step"
    +-- ShapeError         ... its rank, its size or its channels
    +-- OptionError        ... its value or its dtype: a stride of 0, an unknown word
"""

from __future__ import annotations


class ArgumentError(ValueError):
    """One argument is wrong; the text names it, what was expected, what came, and what to do.

    Args:
        argument: The name of the argument, as in the signature.
        expected: What would have been right.
        got: What came instead.
        next_step: What the caller can do about it; may be empty.

    Example:
        >>> str(ArgumentError("stride", "an integer of at least 1", "0", "use 1 to visit every pixel"))
        'stride: expected an integer of at least 1, got 0; use 1 to visit every pixel'
    """

    def __init__(self, argument: str, expected: str, got: str, next_step: str = "") -> None:
        # All four go to args, so that the error survives pickling between processes.
        super().__init__(argument, expected, got, next_step)
        self.argument = argument
        self.expected = expected
        self.got = got
        self.next_step = next_step

    def __str__(self) -> str:
        text = f"{self.argument}: expected {self.expected}, got {self.got}"
        return f"{text}; {self.next_step}" if self.next_step else text


class ShapeError(ArgumentError):
    """An array or a size does not fit."""


class OptionError(ArgumentError):
    """An option, or the dtype of an array, is none that the function knows."""


def require_at_least(argument: str, value: int, minimum: int, next_step: str = "") -> None:
    """Demand an integer that is not too small.

    Raises:
        OptionError: `value` is no integer (True and False are none either), or below `minimum`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise OptionError(argument, f"an integer of at least {minimum}", repr(value), next_step)


def require_one_of(argument: str, value: str, choices: tuple[str, ...]) -> None:
    """Demand one of the words a function knows.

    Raises:
        OptionError: `value` is none of `choices`.
    """
    if value not in choices:
        raise OptionError(argument, " or ".join(repr(choice) for choice in choices), repr(value))
