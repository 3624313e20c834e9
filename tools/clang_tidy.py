#!/usr/bin/env python3
"""Runs clang-tidy on the project's own sources, two at a time, and skips what it found clean before.

Usage: clang_tidy.py TREE [FILE...]    TREE: a configured build folder, with its compile_commands.json

A file is skipped while its text, the texts of all own headers it includes, its compile command and the
configuration are what they were when it was found clean. Unit tests are left out unless they are named: GoogleTest's
macros cost more time than their few findings are worth.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLEAN = ROOT / "build" / "tidy-clean"
CLANG_TIDY = "clang-tidy-16"
FILE_TIMEOUT_S = 180
# clang 16 hides std::expected of libstdc++ 12 behind a concepts version it does not claim yet.
EXTRA_ARGUMENTS = [
    "--extra-arg=-U__cpp_concepts",
    "--extra-arg=-D__cpp_concepts=202002L",
    "--extra-arg=-Wno-builtin-macro-redefined",
    "--extra-arg=-Wno-unknown-warning-option",
    "--extra-arg=-std=c++2b",  # the name of C++23 then
]
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
NOISE = re.compile(r"^(\d+ warnings? (and \d+ errors? )?generated|Suppressed |Use -header-filter)")


@cache
def text_and_includes(path):
    text = path.read_bytes()
    found = (base / name.decode() for name in INCLUDE.findall(text) for base in (ROOT / "src", path.parent))
    return text, tuple(sorted({header.resolve() for header in found if header.is_file()}))


def with_headers(path):
    """The file and all own headers below it."""
    seen, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += text_and_includes(current)[1]
    return sorted(seen)


def fingerprint(path, command, configuration):
    digest = hashlib.sha256(configuration)
    digest.update(command.replace(str(ROOT), "").encode())
    for part in with_headers(path):
        digest.update(str(part.relative_to(ROOT)).encode() + b"\0")
        digest.update(text_and_includes(part)[0] + b"\0")
    return digest.hexdigest()


def compile_commands(tree):
    for entry in json.loads((tree / "compile_commands.json").read_text(encoding="utf-8")):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build") and path.is_file():
            yield path, entry.get("command") or " ".join(entry["arguments"])


def tidy(tree, path):
    try:
        result = subprocess.run(
            [CLANG_TIDY, "-p", str(tree), "--quiet", *EXTRA_ARGUMENTS, str(path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=FILE_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False, f"clang-tidy did not end within {FILE_TIMEOUT_S} s"
    lines = (result.stdout + result.stderr).replace(f"{ROOT}/", "").splitlines()
    return result.returncode == 0, "\n".join(line for line in lines if not NOISE.match(line))


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: clang_tidy.py TREE [FILE...]")
    tree = Path(sys.argv[1]).resolve()
    named = {Path(name).resolve() for name in sys.argv[2:]}
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True).stdout
    configuration = version + (ROOT / ".clang-tidy").read_bytes() + Path(__file__).read_bytes()
    CLEAN.mkdir(parents=True, exist_ok=True)

    wanted = {
        path: CLEAN / fingerprint(path, command, configuration)
        for path, command in compile_commands(tree)
        if (path in named if named else not path.stem.endswith("_test"))
    }
    waiting = [(path, stamp) for path, stamp in sorted(wanted.items()) if not stamp.exists()]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(lambda item: tidy(tree, item[0]), waiting))

    failed = 0
    for (path, stamp), (clean, output) in zip(waiting, results):
        if clean:
            stamp.touch()
        else:
            failed += 1
            print(f"{path.relative_to(ROOT)}:\n{output}\n")
    print(f"clang-tidy: {len(wanted)} files, {len(waiting)} looked at, {failed} with findings")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
