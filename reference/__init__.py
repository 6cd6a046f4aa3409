"""Trusted answers, written to be read: layers, networks, formulas and sizes of convolutional networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference.systems import Entry

__all__ = ["catalogue"]


def catalogue() -> tuple[Entry, ...]:
    """Every system of the lecture, in its order: what was published, and what we measure.

    Nets are built without memory and surveyed, which takes some seconds; `python -m reference` prints them.

    Example:
        >>> from reference.systems import find_system
        >>> find_system("AlexNet").year
        2012
    """
    from reference import systems  # here, so that `import reference` loads no torch

    return systems.catalogue()
