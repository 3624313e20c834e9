"""Runs the steps of a longer task: a line on screen for each, its output in build/logs, the output shown on failure.

A step is a command with a name and, when it runs tests, a function that reads how many of them passed and failed.
A step without such a function is one check.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
LINES_SHOWN = 60


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


class Steps:
    def __init__(self):
        self.total = Counts()

    def run(self, name, command, *, read_counts=None, counted=True, timeout_s=1800, environment=None):
        """Runs one step and returns whether it went well.

        read_counts(output) gives the Counts of a step that runs tests; a run that failed without a failed test, or
        that ran no test, counts as one failure. A step that is not counted (a build) counts only when it fails.
        """
        log = LOGS / f"{name.replace(' ', '-')}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if sys.stdout.isatty():
            print(f"...   {name}", end="\r", flush=True)
        started = time.monotonic()
        status = self._execute(command, log, timeout_s, environment)
        seconds = time.monotonic() - started

        output = log.read_text(encoding="utf-8", errors="replace")
        counts = self._counts(output, status, read_counts, counted)
        self.total += counts
        went_well = status == 0 and counts.failed == 0
        detail = f"{counts}, " if read_counts else ""
        print(f"{'ok   ' if went_well else 'FAIL '} {name} ({detail}{seconds:.0f} s)", flush=True)
        if not went_well:
            self._show_failure(output, log, status)
        return went_well

    def fail(self, name, reason):
        """Counts a step that could not be started as failed."""
        self.total += Counts(failed=1)
        print(f"FAIL  {name}: {reason}", flush=True)
        return False

    @staticmethod
    def _counts(output, status, read_counts, counted):
        if read_counts is None:
            return Counts(failed=1) if status != 0 else Counts(passed=int(counted))
        counts = read_counts(output)
        ran_nothing = counts.passed + counts.failed == 0
        if counts.failed == 0 and (status != 0 or ran_nothing):
            counts.failed = 1
        return counts

    @staticmethod
    def _execute(command, log, timeout_s, environment):
        """The exit status; 124 when the time was over, 127 when there is no such program. Leaves no child behind."""
        with log.open("wb") as output:
            try:
                child = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                )
            except OSError as error:
                output.write(f"{command[0]}: {error.strerror}\n".encode())
                return 127
            try:
                return child.wait(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                output.write(f"\nstopped after {timeout_s} s\n".encode())
                return 124
            finally:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                child.wait()

    @staticmethod
    def _show_failure(output, log, status):
        lines = output.rstrip().splitlines()
        if len(lines) > LINES_SHOWN:
            print(f"      | ... {len(lines) - LINES_SHOWN} lines before these")
        for line in lines[-LINES_SHOWN:]:
            print(f"      | {line}")
        print(f"      exit status {status}, log: {log.relative_to(ROOT)}", flush=True)
