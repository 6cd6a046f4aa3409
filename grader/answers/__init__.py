"""What people write down by hand, read into exact values: matrices, formulas, numbers, choices.

Every reader returns `Parsed` or `Unreadable`; none evaluates the text, and none
raises because of it.  Nothing here knows which answer would be right.
"""

from grader.answers.source import Parsed, Unreadable

__all__ = ["Parsed", "Unreadable"]
