"""How a check of the tree ends: its problems, a line each, or one line that says that there are none."""

import sys
from pathlib import Path


def run_check(check, all_well):
    """The main() of a check: check(root) returns its problems; the exit status is 1 when there are some."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    problems = check(root)
    for problem in problems:
        print(problem)
    if not problems:
        print(all_well)
    return 1 if problems else 0
