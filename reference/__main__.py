"""Print the catalogue: `python -m reference [--system NAME] [--markdown FILE]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reference.errors import OptionError


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every system of the lecture, or one, and print it; return the exit status."""
    parser = argparse.ArgumentParser("python -m reference", description="Print the systems of the lecture.")
    parser.add_argument("--system", metavar="NAME", help="all about one of them: --system vgg16")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the page docs/catalogue.md instead")
    options = parser.parse_args(arguments)

    from rich.console import Console

    from reference.systems import catalogue, find_system, measure_system
    from reference.systems.markdown import render
    from reference.systems.terminal import print_overview, print_system

    if options.markdown:
        options.markdown.write_text(render(catalogue()), encoding="utf-8")
        sys.stdout.write(f"{options.markdown}\n")
        return 0
    console = Console()
    if options.system is None:
        print_overview(console, catalogue())
        return 0
    try:
        system = find_system(options.system)
    except OptionError as error:
        parser.error(str(error))
    print_system(console, measure_system(system))
    return 0


if __name__ == "__main__":
    sys.exit(main())
