"""The command `grade`: one file a verb; the only place that prints or exits."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the entry point of the program `grade`."""
    from grader.cli.program import program

    program.main(prog_name="grade")
