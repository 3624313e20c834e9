#!/usr/bin/env python3
"""Checks what documents promise about the tree.

* docs/architecture.md has one line for each folder of src/, a row of a table or an entry of a list that begins with
  `src/NAME/`, and none for a folder that is gone.
* docs/architecture.svg shows each of these folders as a text `NAME/`, and no folder that is gone.
* Every relative link in a Markdown file leads to a file, and its #anchor to a heading.
* No text file holds a path of somebody's own machine.

Usage: check_docs.py [ROOT]    Exit status 1 when a promise is broken.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote

from report import run_check

SKIPPED_FOLDERS = {".git", "build", "node_modules", ".cache"}
BINARY_SUFFIXES = {".png", ".jpg", ".ico", ".gz", ".woff2", ".bin"}

FOLDER_LINE = re.compile(r"^\s*(?:[-*]|\|)\s*\[?`?src/([a-z0-9_]+)/?`?", re.MULTILINE)
FOLDER_LABEL = re.compile(r"(?:^|\s)(?:src/)?([a-z0-9_]+)/(?=\s|$)")
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]^]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
PRIVATE_PATH = re.compile(r"(?<![\w.$}])/(?:root|home/\w+|Users/\w+)/")


def files(root):
    def walk(folder):
        for path in sorted(folder.iterdir()):
            if path.is_symlink():
                continue
            if path.is_dir():
                if path.name not in SKIPPED_FOLDERS:
                    yield from walk(path)
            else:
                yield path

    return walk(root)


def source_folders(root):
    return {path.name for path in (root / "src").iterdir() if path.is_dir()}


def architecture_problems(root):
    document = root / "docs" / "architecture.md"
    if not document.is_file():
        return ["docs/architecture.md is missing"]
    named, existing = FOLDER_LINE.findall(document.read_text(encoding="utf-8")), source_folders(root)
    problems = [
        f"docs/architecture.md: no line for src/{name}/ (a table row or list entry that begins with `src/{name}/`)"
        for name in sorted(existing - set(named))
    ]
    problems += [f"docs/architecture.md: src/{name}/ does not exist" for name in sorted(set(named) - existing)]
    problems += [
        f"docs/architecture.md: src/{name}/ has {named.count(name)} lines"
        for name in sorted(set(named) & existing)
        if named.count(name) > 1
    ]
    return problems


def picture_problems(root):
    picture = root / "docs" / "architecture.svg"
    if not picture.is_file():
        return ["docs/architecture.svg is missing"]
    try:
        tree = ElementTree.parse(picture)
    except ElementTree.ParseError as error:
        return [f"docs/architecture.svg: not XML: {error}"]
    texts = [" ".join(text.itertext()) for text in tree.iter() if str(text.tag).endswith("}text")]
    shown, existing = {name for text in texts for name in FOLDER_LABEL.findall(text)}, source_folders(root)
    problems = [f"docs/architecture.svg: no text '{name}/'" for name in sorted(existing - shown)]
    problems += [
        f"docs/architecture.svg: shows '{name}/', which does not exist"
        for name in sorted(shown - existing)
        if not (root / name).is_dir()
    ]
    return problems


def anchors(markdown):
    """The anchors of the headings, as GitHub names them."""
    found, seen = set(), {}
    for heading in HEADING.findall(CODE_BLOCK.sub("", markdown)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    found |= set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", markdown))
    return found


def link_problems(root, path):
    name = path.relative_to(root).as_posix()
    text = CODE_SPAN.sub("", CODE_BLOCK.sub("", path.read_text(encoding="utf-8")))
    for inline, reference in LINK.findall(text):
        target = unquote(inline or reference)
        if re.match(r"[a-z][a-z0-9+.-]*:|//", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (root / place.lstrip("/") if place.startswith("/") else path.parent / place) if place else path
        if not linked.exists():
            yield f"{name}: the link to {target} leads nowhere"
        elif anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text(encoding="utf-8")):
            yield f"{name}: {target}: no such heading"


def private_path_problems(root, path):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        match = PRIVATE_PATH.search(line)
        if match:
            yield f"{path.relative_to(root).as_posix()}:{number}: a path of one machine: {match.group(0)}"


def check(root):
    """Returns the problems found below root, one line each."""
    problems = architecture_problems(root) + picture_problems(root)
    for path in files(root):
        if path.suffix == ".md":
            problems += link_problems(root, path)
        if path.suffix not in BINARY_SUFFIXES:
            problems += private_path_problems(root, path)
    return problems


if __name__ == "__main__":
    sys.exit(run_check(check, "docs: the folders, the picture and all links agree with the tree"))
