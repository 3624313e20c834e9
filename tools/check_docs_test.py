"""Documents that drift from the tree are refused."""

import tempfile
import unittest
from pathlib import Path

import check_docs

SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'


class CheckDocs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("src/base", "src/net", "examples", "docs"):
            (self.root / name).mkdir(parents=True)
        self.write("docs/architecture.md", "# Folders\n\n| `src/base/` | all use it |\n| `src/net/` | bytes |\n")
        self.draw("base/", "net/ loops and bytes", "examples/")

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def draw(self, *texts):
        self.write("docs/architecture.svg", SVG.format("".join(f"<text><tspan>{t}</tspan></text>" for t in texts)))

    def problems(self):
        return check_docs.check(self.root)

    def test_documents_that_agree_pass(self):
        self.write("README.md", "[tour](docs/architecture.md#folders) [web](https://example.org/x) `[a](b)`\n")
        self.assertEqual(self.problems(), [])

    def test_a_list_serves_as_well_as_a_table(self):
        self.write("docs/architecture.md", "- [`src/base/`](../src/base) all use it\n* `src/net/`: bytes\n")
        self.assertEqual(self.problems(), [])

    def test_a_new_folder_must_be_named_in_text_and_picture(self):
        (self.root / "src/hub").mkdir()
        problems = self.problems()
        self.assertEqual(len(problems), 2)
        self.assertIn("no line for src/hub/", problems[0])
        self.assertIn("no text 'hub/'", problems[1])

    def test_a_folder_that_is_gone_must_leave_both(self):
        self.write("docs/architecture.md", "- `src/base/` a\n- `src/net/` b\n- `src/old/` c\n")
        self.draw("base/", "net/", "old/")
        self.assertEqual(
            self.problems(),
            [
                "docs/architecture.md: src/old/ does not exist",
                "docs/architecture.svg: shows 'old/', which does not exist",
            ],
        )

    def test_a_folder_has_one_line(self):
        self.write("docs/architecture.md", "- `src/base/` a\n- `src/net/` b\n- `src/net/` c\n")
        self.assertEqual(self.problems(), ["docs/architecture.md: src/net/ has 2 lines"])

    def test_missing_documents_fail(self):
        (self.root / "docs/architecture.md").unlink()
        (self.root / "docs/architecture.svg").unlink()
        self.assertEqual(len(self.problems()), 2)

    def test_a_picture_that_is_not_xml_fails(self):
        self.write("docs/architecture.svg", "<svg><text>base/</svg>")
        self.assertIn("not XML", self.problems()[0])

    def test_links_must_lead_somewhere(self):
        self.write("README.md", "[a](docs/none.md)\n[b](docs/architecture.md#none)\n[c](#here)\n\n[d]: ./gone\n")
        self.assertEqual(len(self.problems()), 4)

    def test_links_in_code_are_not_links(self):
        self.write("README.md", "```\n[a](none.md)\n```\n`[b](none.md)`\n")
        self.assertEqual(self.problems(), [])

    def test_anchors_are_those_of_github(self):
        text = "# The `dev` script\n\n## A & B\n\n## Again\n\n## Again\n\n"
        self.write("README.md", text + "[1](#the-dev-script) [2](#a--b) [3](#again) [4](#again-1)\n")
        self.assertEqual(self.problems(), [])

    def test_paths_of_one_machine_fail(self):
        self.write("README.md", "built in /" + "home/someone/relay\n")
        self.write("notes.txt", "see /" + "home/ann/x and https://example.org/home/ann/x\n")
        self.assertEqual(len(self.problems()), 2)


if __name__ == "__main__":
    unittest.main()
