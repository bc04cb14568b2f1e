#!/usr/bin/env python3
"""Threads that compute and get nowhere are told within seconds; what only takes long is not.

Needs what `make run` builds (CPython with TSan); about 25 s.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from report_file import read_report
from tap import comment, done, ok

ROOT = Path(__file__).resolve().parents[2]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
# The others of the suite take longer than a test should: a good part of --timeout, or more.
BUGS = {"refused_bug", "circle_bug", "flag_bug"}
OKS = {"refused_ok", "circle_ok", "flag_ok", "contended_ok", "called_ok"}


def run(scratch: Path) -> dict[str, Any]:
    wanted = " or ".join(sorted(BUGS | OKS))
    command = [str(FTSTRESS), "--suite", "planted_livelocks", "--output", str(scratch)]
    # The suite's --timeout is short for those that need it; these do not.
    command += ["--format", "json", "--seed", "7", "--slice", "2", "--iterations", "4"]
    command += ["--jobs", "2", "--timeout", "60", "--tests", wanted]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    reports = list(scratch.glob("*.json"))
    if not reports:
        comment((ended.stderr + ended.stdout)[-2000:])
        return {"findings": [], "run": {"notes": []}}
    return read_report(reports[0])


def case(finding: dict[str, Any]) -> str:
    return Path(finding["tests"][0]).stem


def sites(finding: dict[str, Any]) -> set[str]:
    """The functions in which its threads compute."""
    return {
        next(f["function"] for f in thread["frames"] if not f["plumbing"])
        for thread in finding["threads"]
        if thread["role"].startswith("computes")
    }


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-livelock-") as folder:
        report = run(Path(folder))
    told = {case(f): f for f in report["findings"] if f["kind"] == "livelock"}
    seen = [(f["kind"], f["tests"], f["detail"]) for f in report["findings"]]
    ok(set(told) & BUGS == BUGS, "threads that compute and get nowhere are told", *seen)
    ok(not set(map(case, report["findings"])) & OKS, "what only takes long is not told", *seen)
    ok(not report["run"]["notes"], "nor ended", *report["run"]["notes"])
    circle = told.get("circle_bug", {"threads": [], "detail": "", "explanation": ""})
    ok(
        sites(circle) == {"find"} and "before in find (" in circle["detail"],
        "with the function in which they go round, and where they were at two moments",
        circle["detail"],
    )
    waits = [t["role"] for t in told.get("flag_bug", circle)["threads"]]
    ok(
        waits[:1] == ["computes, and comes back to where it was"]
        and len([role for role in waits if role.startswith("computes")]) == 1,
        "who goes round stands first; those that wait for it are told as that",
        *waits,
    )
    return done()


if __name__ == "__main__":
    sys.exit(main())
