"""Reads how many tests passed, failed and were skipped from what the test runners leave behind."""

import re
import xml.etree.ElementTree as ElementTree

from steps import Counts


def of_node(output):
    """From the closing lines of node --test, in any of its reporters."""
    found = dict.fromkeys(("pass", "fail", "cancelled", "skipped", "todo"), 0)
    for word, number in re.findall(r"^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)\s*$", output, re.MULTILINE):
        found[word] = int(number)
    return Counts(found["pass"], found["fail"] + found["cancelled"], found["skipped"] + found["todo"])


def of_unittest(output):
    """From the closing lines of Python's unittest."""
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    found = {word: int(number) for word, number in re.findall(r"(failures|errors|skipped)=(\d+)", output)}
    failed = found.get("failures", 0) + found.get("errors", 0)
    skipped = found.get("skipped", 0)
    return Counts((int(ran.group(1)) if ran else 0) - failed - skipped, failed, skipped)


def of_gtest_report(path):
    """From the XML report of one GoogleTest program."""
    counts = Counts()
    for case in ElementTree.parse(path).iter("testcase"):
        if case.get("status") == "notrun" or case.get("result") == "skipped":
            counts.skipped += 1
        elif case.find("failure") is not None:
            counts.failed += 1
        else:
            counts.passed += 1
    return counts


def of_ctest_report(report, gtest_reports):
    """From ctest's JUnit report. A GoogleTest program counts by its cases, found in its own report; every other program
    is one test. A program that ended badly counts at least one failure."""
    if not report.is_file():
        return Counts()
    total = Counts()
    for case in ElementTree.parse(report).iter("testcase"):
        own_report = gtest_reports / f"{case.get('name')}.xml"
        counts = of_gtest_report(own_report) if own_report.is_file() else Counts()
        if case.get("status") != "run":
            counts.failed = max(counts.failed, 1)
        elif not own_report.is_file():
            counts.passed = 1
        total += counts
    return total
