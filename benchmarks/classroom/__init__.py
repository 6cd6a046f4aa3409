"""A mixed class whose gradebook is known beforehand: right solutions, each known mistake, broken and hostile files.

    python -m benchmarks.classroom DIR [--count 300] [--exercise NAME ...] [--seed 1]

writes DIR/submissions/, DIR/roster.csv and DIR/intended.json.  Then

    grade batch DIR/submissions --roster DIR/roster.csv --json > DIR/summary.json
    python -m benchmarks.classroom DIR --check BOOK [--summary DIR/summary.json]

grades it and compares the gradebook with what was intended.
"""

from .audit import check
from .school import make

__all__ = ["check", "make"]
