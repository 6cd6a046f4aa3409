"""The process of `grade`: its garbage, and what runs at its end all the same."""

import subprocess
import sys

PROGRAM = """
import atexit, gc, sys
from grader.cli import NEW_OBJECTS, main

atexit.register(lambda: print(gc.get_threshold()[0] == NEW_OBJECTS, gc.get_freeze_count() > 10_000))
sys.argv = ["grade", "show", "--no-such-option"]
main()
"""


def test_garbage_is_looked_for_seldom_and_not_among_modules_at_the_end():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == "True True\n"
    assert "--no-such-option" in done.stderr
