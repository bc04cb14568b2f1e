#!/usr/bin/env python3
"""Pairs of methods of classes in Python, and such objects shared by a test's threads: each planted
fault is found, its correct twin is clean.

Needs what `make run` builds (CPython with TSan); a minute.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from tap import comment, done, ok

ROOT = Path(__file__).resolve().parents[2]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"

# What is wrong; a class, two of its operations, and how the finding's title begins.
PLANTED = (
    ("an update without a lock", "Counter_bug", "add", "add", "Counter_bug.value: an update"),
    ("a lock on one side", "Slotted_bug", "add", "clear", "Slotted_bug.total: an update"),
    ("a cache made twice", "Lazy_bug", "parts", "parts", "Lazy_bug._parts: what"),
    ("two fields", "Range_bug", "move", "width", "Range_bug.low and high: "),
    ("a dict changed in a loop", "Listeners_bug", "add", "tell", "the items of a dict: "),
    ("a check of an empty list", "Stack_bug", "pop", "pop", "the items of a list: what"),
    ("a method of the base", "Recent_bug", "setdefault", "setitem", "Recent_bug._size: "),
)
TWINS = 11


def run(scratch: Path, *arguments: str) -> dict[str, Any]:
    """The report of a run."""
    command = [str(FTSTRESS), "--suite", "planted_classes", *arguments, "--format", "json"]
    command += ["--output", str(scratch), "--quiet"]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=570)
    reports = sorted(scratch.glob("*.json"))
    if not reports:
        comment((ended.stderr + ended.stdout)[-2000:])
        return {"findings": [], "entries": [], "run": {"types": [], "notes": []}, "text": ""}
    report: dict[str, Any] = json.loads(reports[-1].read_text())
    report["text"] = ended.stdout
    return report


def titles(report: dict[str, Any]) -> list[str]:
    return [finding["title"] for finding in report["findings"]]


def cell(report: dict[str, Any], kind: str, one: str, two: str) -> str:
    """The letter of a pair, the worst of all arguments."""
    for table in report["run"]["types"]:
        if table["name"] != f"planted_classes.{kind}":
            continue
        names = [name.partition("#")[0] for name in table["operations"]]
        letters = {
            row[column]
            for row, name in zip(table["rows"], names, strict=True)
            for column, other in enumerate(names)
            if (name, other) == (one, two)
        }
        return max(letters, key=" ?-.orDC".index, default="")
    return ""


def check_pairs(report: dict[str, Any]) -> None:
    found = titles(report)
    for what, kind, one, two, title in PLANTED:
        told = any(text.startswith(title) for text in found)
        ok(told, f"{what} is found: {kind} {one}, {two}", found)
        letter = cell(report, kind, one, two)
        ok(letter == "r", "and is a cell of its matrix", f"{kind} {one}, {two}: {letter!r}")
    entries = [entry["title"] for entry in report["entries"]]
    missing = [
        kind
        for _, kind, *_ in PLANTED
        if sum(title.startswith(f"planted_classes.{kind}: ") for title in entries) != 1
    ]
    ok(not missing, "each such class is one entry", missing, entries)
    twins = [kind for kind in report["run"]["types"] if kind["name"].endswith("_ok")]
    wrong = [
        f"{kind['name']}: {kind['rows']}"
        for kind in twins
        if set("".join(kind["rows"])) & set("orDC") or not kind["pairs"]["clean"]
    ]
    ok(
        len(twins) == TWINS and not wrong,
        "each correct twin is clean in all pairs that ran",
        wrong,
        twins,
    )
    private = [kind["name"] for kind in report["run"]["types"] if "._" in kind["name"]]
    ok(not private, "a private class is left to its owner", private)


def check_shared(report: dict[str, Any]) -> None:
    found = titles(report)
    racy = [text for text in found if text.startswith(("Counter_bug.value: ", "Lazy_bug._parts: "))]
    ok(len(racy) >= 2, "objects that the tests make are shared by their threads", found)
    wrong = [text for text in found if "_ok" in text]
    ok(not wrong, "of the correct twins nothing is found", wrong)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-classes-") as folder:
        scratch = Path(folder)
        check_pairs(run(scratch / "pairs", "--pairs", "--seed", "51", "--iterations", "3"))
        check_shared(run(scratch / "share", "--share", "--gil", "off", "--seed", "1"))
    return done()


if __name__ == "__main__":
    sys.exit(main())
