#!/usr/bin/env python3
"""How many entries does a bug make? Runs the suite planted_objects, of which each test is one bug.

    tests/bench/entries.py [SEED ...]        five seeds by default, some minutes each

Prints for each seed the bugs that were found, the entries that tell them, those that tell two, and
the crashes that stand under the race that they came of. Reports that are there already (--keep
FOLDER) are only counted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from report_file import read_report

ROOT = Path(__file__).resolve().parents[2]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
# Three tests of one type that takes no lock are one bug.
SAME = {"array_shared": "array", "array_byteswap": "array"}


def run(seed: int, folder: Path) -> dict[str, Any]:
    if not list(folder.glob("*.json")):
        command = [str(FTSTRESS), "--suite", "planted_objects", "--seed", str(seed)]
        command += ["--format", "json", "--output", str(folder)]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    return read_report(next(folder.glob("*.json")))


def bug(test: str) -> str:
    name = Path(test).stem.removesuffix("_bug")
    return SAME.get(name, name)


def bugs_of(entry: dict[str, Any], findings: dict[str, dict[str, Any]]) -> set[str]:
    """Those that the entry tells: a race that came up in tests of several is of any of them."""
    each = [{bug(test) for test in findings[member]["tests"]} for member in entry["findings"]]
    sole = set().union(*(tests for tests in each if len(tests) == 1))
    return sole or each[0]


def told_by(report: dict[str, Any], findings: dict[str, dict[str, Any]]) -> list[set[str]]:
    """The bugs of each entry.

    What came up in tests of several, all but one of which have entries of their own, is that one's:
    a range iterator inside of a shared groupby() is a bug by itself.
    """
    each = [bugs_of(entry, findings) for entry in report["entries"]]
    own = {one for told in each if len(told) == 1 for one in told}
    return [told - own if len(told - own) == 1 else told for told in each]


def count(seed: int, report: dict[str, Any], wanted: int) -> None:
    findings = {finding["id"]: finding for finding in report["findings"]}
    entries: dict[str, list[str]] = defaultdict(list)
    merged: list[str] = []
    crashes = under = 0
    for entry, told in zip(report["entries"], told_by(report, findings), strict=True):
        if len(told) > 1:
            merged.append(f"{', '.join(sorted(told))}: {entry['title']}")
        for one in told:
            entries[one].append(entry["title"])
        kinds = [findings[member]["kind"] for member in entry["findings"]]
        crashes += kinds.count("crash")
        under += kinds.count("crash") if set(kinds) != {"crash"} else 0
    total = sum(len(titles) for titles in entries.values())
    print(
        f"seed {seed}: {len(findings)} findings, {len(entries)} of {wanted} bugs in {total} entries"
        f" ({total / len(entries):.2f} a bug), {len(merged)} merged, {under} of {crashes} crashes"
        " under their race",
        flush=True,
    )
    for one, titles in sorted(entries.items()):
        if len(titles) > 1:
            print(f"    {one}: " + "; ".join(title[:70] for title in titles))
    for text in merged:
        print(f"    merged {text}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, help="where reports are kept")
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3, 4, 5])
    options = parser.parse_args()
    tests = [*(ROOT / "stress/planted_objects").glob("*_bug.py")]
    tests += (ROOT / "stress/planted/cpython").glob("*_bug.py")
    wanted = len({bug(str(test)) for test in tests})
    with tempfile.TemporaryDirectory(prefix="ftstress-entries-") as scratch:
        for seed in options.seeds:
            count(seed, run(seed, (options.keep or Path(scratch)) / str(seed)), wanted)


if __name__ == "__main__":
    main()
