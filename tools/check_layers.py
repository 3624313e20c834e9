#!/usr/bin/env python3
"""Checks that includes run downwards only.

A folder of src/ may include itself and the folders of the layers below its own. Folders of one layer are siblings and
do not know each other. The examples use the server as an outside program would: the server's layer and below. Headers
of a third party stay in the folders that were given them, so that a library can be replaced in one place.

Usage: check_layers.py [ROOT]    Exit status 1 when an include breaks a rule.
"""

import re
import sys
from pathlib import Path

# From the bottom up. CMakeLists.txt adds the folders in the same order.
LAYERS = [
    ["base"],
    ["protocol", "auth"],
    ["net", "schema"],
    ["redis"],
    ["engine"],
    ["hub"],
    ["server"],
    ["relay"],
    ["cluster"],
    ["api"],
    ["app"],
]
EXAMPLES_MAY_USE_UP_TO = "server"

# Prefix of the header -> the folders, or the files without their extension, that may include it.
THIRD_PARTY = {
    "boost/": ["net"],
    "simdjson": ["base", "protocol"],
    "openssl/": ["net", "auth", "protocol/websocket_handshake", "redis/tls_client", "cluster/script_hash"],
    "prometheus/": ["api/prometheus_exporter", "api/prometheus_families", "api/prometheus_bus", "api/metric_family"],
    "CLI/": ["app"],
    "re2/": ["schema"],
    "hiredis": ["redis"],
    "msgpack": ["cluster"],
}

# Made by web/CMakeLists.txt: the files that the relay serves, which only the HTTP endpoints know.
WEB_HEADERS = {"client_bundle.h", "embedded_file.h", "web_files.h"}
WEB_HEADERS_HOME = "api"

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
SOURCES = {".h", ".cc"}


def level_of(folder):
    for level, siblings in enumerate(LAYERS):
        if folder in siblings:
            return level
    return None


def own_include_problem(folder, target):
    """Why code in `folder` ('examples' too) must not include "target", or None."""
    if "/" not in target:
        if folder == "examples" or (folder == WEB_HEADERS_HOME and target in WEB_HEADERS):
            return None  # an example's own header lies beside it
        return f'write it from src/, as in "{folder}/{target}"'
    below = target.split("/")[0]
    if below == folder:
        return None
    target_level = level_of(below)
    if target_level is None:
        return f"'{below}' has no place in the layers of tools/check_layers.py"
    if folder == "examples":
        if target_level > level_of(EXAMPLES_MAY_USE_UP_TO):
            return f"an example may use {EXAMPLES_MAY_USE_UP_TO} and below only"
        return None
    level = level_of(folder)
    if level is None:
        return None  # reported once, for the folder
    if target_level == level:
        return f"{folder} and {below} are siblings"
    if target_level > level:
        return f"{below} lies above {folder}"
    return None


def third_party_problem(path_in_src, header):
    """Why the file, named from src/, must not include <header>, or None."""
    module = re.sub(r"(_test|_fuzz|_bench)?\.(h|cc)$", "", path_in_src)
    folder = path_in_src.split("/")[0]
    for prefix, homes in THIRD_PARTY.items():
        if header.startswith(prefix) and folder not in homes and module not in homes:
            return f"{prefix.rstrip('/')} belongs to {', '.join(homes)}"
    return None


def file_problems(root, path, folder):
    name = path.relative_to(root).as_posix()
    path_in_src = name.removeprefix("src/")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        reason = own_include_problem(folder, target) if quote == '"' else third_party_problem(path_in_src, target)
        if reason:
            yield f"{name}:{number}: includes {target}: {reason}"


def sources(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in SOURCES)


def check(root):
    """Returns the problems found below root, one line each, and the number of files read."""
    problems, count = [], 0
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        if level_of(folder.name) is None:
            problems.append(f"src/{folder.name}: has no place in the layers of tools/check_layers.py")
        for path in sources(folder):
            problems += file_problems(root, path, folder.name)
            count += 1
    for path in sources(root / "examples"):
        problems += file_problems(root, path, "examples")
        count += 1
    return problems, count


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    problems, count = check(root)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"layers: {count} files include downwards only")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
