"""A metric family without a row in docs/metrics.md, and a row without a family, are refused."""

import tempfile
import unittest
from pathlib import Path

import check_metrics_docs

CODE = """
  Family rooms(families, "rooms", "Rooms", MetricType::Gauge);
  Family(families, "upgrades_total",
         "Upgrades", MetricType::Counter)
"""
PROCESS = 'add(families, "process_threads", "Threads", MetricType::Gauge, 1);'
PAGE = "| `socket_relay_rooms` | gauge |\n| `socket_relay_upgrades_total` | counter |\n| `process_threads` | gauge |\n"


class CheckMetricsDocs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("src/api", "docs"):
            (self.root / name).mkdir(parents=True)
        self.write("src/api/prometheus_families.cc", CODE)
        self.write("src/api/prometheus_process.cc", PROCESS)

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def problems_of(self, page):
        self.write("docs/metrics.md", page)
        return check_metrics_docs.check(self.root)

    def test_a_page_that_lists_all_passes(self):
        self.assertEqual(self.problems_of(PAGE), [])

    def test_a_family_without_a_row_is_named(self):
        page = PAGE.replace("| `socket_relay_rooms` | gauge |\n", "")
        self.assertEqual(self.problems_of(page), ["docs/metrics.md: no row for socket_relay_rooms"])

    def test_a_row_without_a_family_is_named(self):
        page = PAGE + "| `socket_relay_gone` | gauge |\n"
        self.assertEqual(self.problems_of(page), ["docs/metrics.md: socket_relay_gone is no family of the relay"])

    def test_a_second_row_is_named(self):
        page = PAGE + "| `process_threads` | gauge |\n"
        self.assertEqual(self.problems_of(page), ["docs/metrics.md: process_threads has 2 rows"])

    def test_code_that_cannot_be_read_is_no_success(self):
        self.write("src/api/prometheus_families.cc", "")
        self.write("src/api/prometheus_process.cc", "")
        self.assertEqual(len(self.problems_of(PAGE)), 1)


if __name__ == "__main__":
    unittest.main()
