#!/usr/bin/env python3
"""--python-flavour debug: what CPython's own checks and a package's assert() tell.

Each planted mistake ends in a finding that says which check failed, with the stacks of all threads,
and none of the correct twins does. A wrong count and the check that it runs into are one entry. All
hooks are live on that build, too.

Needs `stress/toolchain/prepare python 3.14 --flavour debug`, which nothing builds by itself; all is
skipped without it. Half a minute.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
from report_file import read_report
from tap import done, ok, skip

ROOT = Path(__file__).resolve().parents[1]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
CACHE = Path(os.environ.get("FTSTRESS_CACHE", Path.home() / ".cache" / "ftstress"))
WORDS = {
    "forget_bug": "Deallocator of type 'planted.Forgetful' cleared the current exception",
    "hold_bug": "refcount is too small",
    "seat_bug": "Assertion `before < SEATS' failed",
    "twice_bug": "object has negative ref count",
}
"""What the check says of each."""


def crash_of(report: dict[str, Any], case: str) -> dict[str, Any]:
    """The crash in which the case ended; empty if there is none."""
    for finding in report["findings"]:
        if finding["kind"] == "crash" and any(f"/{case}.py" in test for test in finding["tests"]):
            return dict(finding)
    return {}


def check(report: dict[str, Any]) -> None:
    crashes = {case: crash_of(report, case) for case in WORDS}
    for case, words in WORDS.items():
        title = str(crashes[case].get("title"))
        ok(words in title and "/" not in title, f"{case}: the check that fails is told", title)
    threads = {case: len(crash.get("threads", ())) for case, crash in crashes.items()}
    ok(
        min(threads.values()) >= 2 and threads["seat_bug"] >= 4,
        "each has the stacks of all threads that there are, those that wait, too",
        threads,
    )
    tests = {Path(test).stem for finding in report["findings"] for test in finding["tests"]}
    ok(tests == set(WORDS), "no correct twin is reported", tests)

    twice = crashes["twice_bug"]
    counts = [f["id"] for f in report["findings"] if f["kind"] == "reference-count"]
    entries = [entry for entry in report["entries"] if twice.get("id") in entry["findings"]]
    ok(
        len(counts) == 1 and [counts[0] in entry["findings"] for entry in entries] == [True],
        "a count below 0 and the check that sees it are one entry",
        json.dumps(report["entries"], indent=1),
    )
    off = {hook["name"]: hook["why"] for hook in report["run"]["hooks"] if not hook["live"]}
    ok(
        list(off) == ["memory that is used after it was freed"],
        "all hooks are live on a debug build, but the one that has to be asked for",
        off,
    )


def main() -> int:
    if not list((CACHE / "python").glob("3.14-tsan-debug-*")):
        skip("a debug build tells what it checks", "no debug build in the cache")
        return done()
    with tempfile.TemporaryDirectory(prefix="ftstress-checked-") as scratch:
        command = [str(FTSTRESS), "--suite", "planted_checked", "--format", "json", "--quiet"]
        run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        reports = sorted(Path(scratch).glob("reports/*.json"))
        ok(run.returncode == 1 and len(reports) == 1, "the planted suite runs", run.stderr)
        if reports:
            check(read_report(reports[0]))
    return done()


if __name__ == "__main__":
    sys.exit(main())
