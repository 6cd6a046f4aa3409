"""The command `grade`: one file a verb; the only place that prints or exits."""

from __future__ import annotations

import gc

NEW_OBJECTS = 100_000  # after so many garbage is looked for


def main() -> None:
    """Run the command line; the entry point of the program `grade`.

    Nearly all objects of a run belong to modules, which stay: garbage is looked for seldom, and not among them when
    the process ends, which took longer than many a grading.
    """
    gc.set_threshold(NEW_OBJECTS)
    from grader.cli.program import program

    try:
        program.main(prog_name="grade")
    finally:
        gc.freeze()
