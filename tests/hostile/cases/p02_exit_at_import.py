"""Verdict: missing. P2: raises SystemExit before anything is defined."""

import sys

sys.exit(0) if True else None
scale = undefined_name
