"""Options that several commands share: which exercises, and where networks are trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from grader.cli.help import HelpOption

Function = TypeVar("Function", bound=Callable[..., Any])

DEVICES = ("auto", "cpu", "cuda")  # held equal to grader.grade.DEVICES by a test: importing that here would cost time


def exercise_option(function: Function) -> Function:
    """`-e` or `--exercise`, passed as `only`."""
    return click.option(
        "-e",
        "--exercise",
        "only",
        cls=HelpOption,
        multiple=True,
        metavar="NAME",
        help="Grade this exercise only; may be given several times.",
    )(function)


def device_option(function: Function) -> Function:
    """`--device`."""
    return click.option(
        "--device",
        cls=HelpOption,
        type=click.Choice(DEVICES),
        default="cpu",
        show_default=True,
        help="Where networks are trained: auto takes CUDA where there is one.",
    )(function)
