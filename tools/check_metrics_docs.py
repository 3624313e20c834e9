#!/usr/bin/env python3
"""Checks that docs/metrics.md lists the metric families that the relay has, each once, and no others.

A family of the code is a name after `families,` in src/api/prometheus_*.cc; those of the process have their full name, all others get
the prefix socket_relay_ there. Those of the bus stand behind counter( and gauge( as well. A family of the page is a row of a table that begins with a full name in backticks.

Usage: check_metrics_docs.py [ROOT]    Exit status 1 when the two differ.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from report import run_check

PREFIX = "socket_relay_"
FAMILY = re.compile(r'\((?:families,\s*)?"([a-z0-9_]+)",\s*"')
ROW = re.compile(r"^\| `((?:socket_relay|process)_[a-z0-9_]+)` \|", re.MULTILINE)


def families_of_code(root):
    families = Counter()
    for path in sorted((root / "src" / "api").glob("prometheus_*.cc")):
        prefix = "" if path.name == "prometheus_process.cc" else PREFIX
        families.update(prefix + name for name in FAMILY.findall(path.read_text(encoding="utf-8")))
    return families


def check(root):
    """Returns the problems found below root, one line each."""
    code = families_of_code(root)
    page = Counter(ROW.findall((root / "docs" / "metrics.md").read_text(encoding="utf-8")))
    if not code:
        return ["src/api/prometheus_*.cc: no metric family was found"]
    problems = [f"docs/metrics.md: no row for {name}" for name in sorted(code.keys() - page.keys())]
    problems += [f"docs/metrics.md: {name} is no family of the relay" for name in sorted(page.keys() - code.keys())]
    problems += [f"docs/metrics.md: {name} has {count} rows" for name, count in sorted(page.items()) if count > 1]
    return problems


if __name__ == "__main__":
    sys.exit(run_check(check, "metrics: docs/metrics.md lists exactly the families of the code"))
