#!/usr/bin/env python3
"""Pairs as a part of an ordinary run, and of a gate, on planted pairs.

Needs what `make run` builds (CPython with TSan); two or three minutes.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from tap import comment, done, ok

ROOT = Path(__file__).resolve().parents[2]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
RACY = (
    *("_cython.Field_bug", "_cpp.OneSide_bug", "_c.Walk_bug", "_c.Drain_bug", "_cython.Lazy_bug"),
    *("_cpp.Handle_bug", "_c.Parser_bug", "_c.Slots_bug"),
)
"""Types whose fault is a data race."""


def run(scratch: Path, *arguments: str) -> dict[str, Any]:
    """The report of a run."""
    before = set(scratch.glob("*.json"))
    command = [str(FTSTRESS), "--suite", "planted_pairs", *arguments, "--format", "json"]
    command += ["--output", str(scratch), "--quiet"]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=570)
    reports = sorted(set(scratch.glob("*.json")) - before)
    if not reports:
        comment((ended.stderr + ended.stdout)[-2000:])
        return {"findings": [], "run": {"iterations": {}, "notes": []}}
    report: dict[str, Any] = json.loads(reports[-1].read_text())
    report["text"] = ended.stdout
    return report


def in_pairs(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [f for f in report["findings"] if any("|" in test for test in f["tests"])]


def types_in(findings: list[dict[str, Any]]) -> set[str]:
    names = (test.partition("::")[0] for f in findings for test in f["tests"])
    return {name.removeprefix("planted_pairs.") for name in names}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-pairs-") as folder:
        scratch = Path(folder)
        first = run(scratch, "--iterations", "3", "--seed", "7")
        pairs = first["run"].get("pairs", {})
        ok(first["run"]["iterations"].get("done") == 3, "the tests have their three iterations")
        ok(pairs.get("iterations") == 1, "and one more is of pairs", pairs, first["run"]["notes"])
        found = in_pairs(first)
        ok(bool(found), "what is found there is in the same report", first.get("text", ""))
        ok(
            all(".p" in token for f in found for token in f["replays"]),
            "with tokens of its own kind",
            [f["replays"] for f in found],
        )
        ok("Pairs: " in first.get("text", ""), "the summary says how many pairs there were")

        finding = next((f for f in found if f["kind"] == "data-race"), None)
        words = shlex.split(finding["command"]) if finding else []
        again = run(scratch, *words[words.index("--replay") :]) if words else {"findings": []}
        wanted = finding["id"] if finding else ""
        same = [f for f in again["findings"] if f["id"] == wanted]
        ok(
            bool(same) and same[0]["count"] >= 5,
            "its command shows one pair again, five times",
            again,
        )
        ok(
            bool(finding) and again["run"]["tests"]["distinct"] == 1,
            "and nothing else",
        )

        second = run(scratch, "--iterations", "3", "--seed", "8")
        ran = [set(f["tests"]) for f in in_pairs(second) if f["status"] == "new"]
        ok(bool(ran), "the next run goes on with pairs behind these")

    with tempfile.TemporaryDirectory(prefix="ftstress-pairs-") as folder:
        gate = run(Path(folder), "--gate")
    missing = set(RACY) - types_in(in_pairs(gate))
    text = gate.get("text", "")
    ok(not missing, "the gate of a small suite goes through all pairs", missing, text)
    told = in_pairs(first) + in_pairs(second) + in_pairs(gate)
    wrong = [f["title"] for f in told if any("_ok" in test for test in f["tests"])]
    ok(not wrong, "no finding names a correct twin", *wrong)
    return done()


if __name__ == "__main__":
    sys.exit(main())
