"""The command: make a class, or compare a gradebook with what was intended."""

import argparse
from pathlib import Path

from . import __doc__ as words
from . import check, make


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom", description=words.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--exercise", action="append", default=[], metavar="NAME", help="all of the course by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", metavar="BOOK", help="compare a gradebook with what was intended, write nothing")
    parser.add_argument("--summary", type=Path, help="with --check: what `grade batch --json` printed")
    options = parser.parse_args()
    if options.check:
        problems = check(options.folder, options.check, options.summary)
        print("\n".join(problems) or "The gradebook is as intended.")
        raise SystemExit(bool(problems))
    made = make(options.folder, options.count, exercises=options.exercise, seed=options.seed)
    print(f"{len(made['people'])} students, {made['mistakes']} mistakes in {options.folder / 'submissions'}")


if __name__ == "__main__":
    main()
