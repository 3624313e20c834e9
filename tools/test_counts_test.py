"""The counts that end a test run are true."""

import tempfile
import unittest
from pathlib import Path

import test_counts
from steps import Counts, Steps


class TestCounts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def test_node_is_read_in_both_of_its_reporters(self):
        for mark in "#ℹ":
            output = f"{mark} tests 9\n{mark} pass 5\n{mark} fail 1\n{mark} cancelled 1\n{mark} skipped 2\n{mark} todo 0\n"
            self.assertEqual(test_counts.of_node(output), Counts(5, 2, 2))
        self.assertEqual(test_counts.of_node("Cannot find module"), Counts(0, 0, 0))

    def test_unittest(self):
        self.assertEqual(test_counts.of_unittest("Ran 3 tests in 0.1s\n\nOK\n"), Counts(3, 0, 0))
        output = "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"
        self.assertEqual(test_counts.of_unittest(output), Counts(2, 2, 1))

    def test_ctest_counts_the_cases_of_gtest_programs(self):
        report = self.write(
            "ctest.xml",
            '<testsuite><testcase name="a_tests" status="run"/><testcase name="b_fuzz" status="run"/>'
            '<testcase name="c_fuzz" status="fail"/><testcase name="crashed_tests" status="fail"/></testsuite>',
        )
        self.write(
            "a_tests.xml",
            '<testsuites><testsuite><testcase status="run" result="completed"/>'
            '<testcase status="run" result="completed"><failure/></testcase>'
            '<testcase status="run" result="skipped"/><testcase status="notrun"/></testsuite></testsuites>',
        )
        self.assertEqual(test_counts.of_ctest_report(report, self.root), Counts(2, 3, 2))

    def test_a_program_that_ends_badly_fails_though_its_cases_passed(self):
        report = self.write("ctest.xml", '<testsuite><testcase name="a_tests" status="fail"/></testsuite>')
        self.write("a_tests.xml", '<testsuites><testcase status="run" result="completed"/></testsuites>')
        self.assertEqual(test_counts.of_ctest_report(report, self.root), Counts(1, 1, 0))

    def test_without_a_report_nothing_ran(self):
        self.assertEqual(test_counts.of_ctest_report(self.root / "none.xml", self.root), Counts())

    def test_a_step_that_ran_no_test_or_ended_badly_is_a_failure(self):
        def counts(status, found, counted=True):
            return Steps._counts("", status, found and (lambda _: found), counted)

        self.assertEqual(counts(0, Counts(0, 0)), Counts(0, 1))
        self.assertEqual(counts(1, Counts(4, 0)), Counts(4, 1))
        self.assertEqual(counts(1, Counts(4, 2)), Counts(4, 2))
        self.assertEqual(counts(0, Counts(4, 0)), Counts(4, 0))
        self.assertEqual(counts(0, None), Counts(1, 0))
        self.assertEqual(counts(0, None, counted=False), Counts(0, 0))
        self.assertEqual(counts(2, None, counted=False), Counts(0, 1))


if __name__ == "__main__":
    unittest.main()
