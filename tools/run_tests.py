#!/usr/bin/env python3
"""Builds, and runs every test of the repository; the last line is `N passed, N failed`.

Called by ./dev test, which sets the machine up first.

  --sanitize asan|tsan    the C++ and end-to-end tests, with that sanitizer
  --lint                  ./dev lint first, its steps counted as checks
  --only PART             one part: unit, tools, e2e, load or web
"""

import argparse
import os
import shutil
import sys

import lint
import test_counts
from steps import LOGS, ROOT, Steps

NODE_TEST = ["node", "--test", "--test-concurrency=2", "--test-reporter=spec"]
NODE_TEST_SUFFIXES = (".test.mjs", ".test.js", "_test.mjs", "_test.js", "-test.mjs", "-test.js")
PARTS = ("unit", "tools", "e2e", "load", "web")


def build(steps, tree, *targets):
    """Configures and builds a tree, by ./dev, so that there is one place that knows how."""
    return steps.run(f"build {tree}", ["./dev", "build-tree", tree, *targets], counted=False, timeout_s=3600)


def run_unit_tests(steps, tree):
    report, gtest_reports = LOGS / f"ctest-{tree}.xml", LOGS / f"gtest-{tree}"
    report.unlink(missing_ok=True)
    shutil.rmtree(gtest_reports, ignore_errors=True)
    steps.run(
        "unit tests" if tree == "test" else f"unit tests {tree}",
        ["ctest", "--test-dir", f"build/{tree}", "-j2", "--timeout", "300", "--output-on-failure"]
        + ["--output-junit", str(report)],
        read_counts=lambda _: test_counts.of_ctest_report(report, gtest_reports),
        environment={"GTEST_OUTPUT": f"xml:{gtest_reports}/", "GTEST_BRIEF": "1"},
    )


def run_tool_checks(steps):
    steps.run(
        "tests of the tools",
        ["python3", "-m", "unittest", "discover", "-s", "tools", "-p", "*_test.py"],
        read_counts=test_counts.of_unittest,
    )
    steps.run("layers", ["python3", "tools/check_layers.py"])
    steps.run("docs", ["python3", "tools/check_docs.py"])
    steps.run("metrics docs", ["python3", "tools/check_metrics_docs.py"])


def node_tests(folder):
    paths = sorted((ROOT / folder).rglob("*"))
    return [
        str(path.relative_to(ROOT))
        for path in paths
        if path.name.endswith(NODE_TEST_SUFFIXES) and "node_modules" not in path.parts
    ]


def run_node_tests(steps, name, folder, tree):
    files = node_tests(folder)
    if not files:
        return steps.fail(name, f"{folder} holds no file named {', '.join('*' + end for end in NODE_TEST_SUFFIXES)}")
    return steps.run(
        name,
        NODE_TEST + files,
        read_counts=test_counts.of_node,
        environment={
            "RELAY_BIN": f"{ROOT}/build/{tree}/socket-relay",
            "ECHO_BIN": f"{ROOT}/build/{tree}/examples/echo_server",
            "CHROMIUM": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        },
    )


def run(options):
    steps = Steps()
    parts = [options.only] if options.only else PARTS
    tree = options.sanitize or "test"
    release = options.sanitize or "release"
    if options.lint:
        lint.run(steps)
    if "tools" in parts and not options.sanitize:
        run_tool_checks(steps)
    if "unit" in parts and build(steps, tree):
        run_unit_tests(steps, tree)
    if {"e2e", "load", "web"}.intersection(parts) and build(steps, release):
        if "e2e" in parts:
            run_node_tests(steps, "end to end tests", "tests/e2e", release)
        if "load" in parts and not options.sanitize:
            run_node_tests(steps, "load tests", "bench", release)
        if "web" in parts and not options.sanitize:
            run_node_tests(steps, "browser tests", "web/test", release)
    return steps.total


def main():
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--sanitize", choices=("asan", "tsan"))
    parser.add_argument("--lint", action="store_true", help="lint first")
    parser.add_argument("--only", choices=PARTS, help="one part only")
    total = run(parser.parse_args())
    if total.skipped:
        print(f"{total.skipped} skipped")
    print(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
