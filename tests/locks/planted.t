#!/usr/bin/env python3
"""The whole of ftstress on planted lock orders and deadlocks.

Needs what `make run` builds (CPython with TSan), 3.13 too; about two minutes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from tap import comment, done, ok

ROOT = Path(__file__).resolve().parents[2]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
PLANTED = ROOT / "stress" / "planted_locks"


def run(suite: str, scratch: Path, *options: str) -> dict[str, Any]:
    """The report of a run."""
    output = scratch / "-".join([suite, *options])
    arguments = ["--suite", suite, "--output", str(output), "--format", "json", "--seed", "51"]
    command = [str(FTSTRESS), *arguments, *options]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    reports = list(output.glob("*.json"))
    if not reports:
        comment((ended.stderr + ended.stdout)[-2000:])
        return {"findings": [], "run": {}}
    report: dict[str, Any] = json.loads(reports[0].read_text())
    return report


def cases(findings: list[dict[str, Any]], kind: str) -> set[str]:
    return {Path(test).stem for f in findings if f["kind"] == kind for test in f["tests"]}


def bugs(folder: str) -> set[str]:
    return {path.stem for path in (PLANTED / folder).glob("*_bug.py")}


def seconds_until(finding: dict[str, Any]) -> float:
    """Of the process without progress, until the deadlock was told."""
    found = re.search(r"Seconds without progress: ([0-9.]+)", finding["detail"] or "")
    return float(found[1]) if found else float("inf")


def check_found(findings: list[dict[str, Any]], where: str) -> None:
    missing = bugs("cases") - cases(findings, "lock-order")
    ok(not missing, f"every lock order that can deadlock is found{where}", sorted(missing))
    wrong = [f for f in findings if any(Path(test).stem.endswith("_ok") for test in f["tests"])]
    ok(not wrong, f"no finding names a correct twin{where}", *[f["explanation"] for f in wrong])


def count(findings: list[dict[str, Any]], case: str) -> int:
    return sum(case in {Path(test).stem for test in f["tests"]} for f in findings)


def check_orders(report: dict[str, Any]) -> None:
    findings = report["findings"]
    check_found(findings, "")
    orders = [f for f in findings if f["kind"] == "lock-order"]
    several = sorted(name for name in bugs("cases") if count(orders, name) > 1)
    ok(not several, "the locks of a case are one finding, whoever took them where", several)
    two = [f for f in findings if f["tests"] and "two_locks_bug" in f["tests"][0]]
    text = two[0]["explanation"] if two else ""
    ok(
        all(f"two_locks_bug.py:{line}" in text for line in (13, 14, 19)),
        "the sentence has the lines where locks are held and wanted",
        text,
    )
    ok(bool(two) and "A -> B" in two[0]["graph"], "the cycle is drawn", two)
    check_profile(report["run"].get("lock_profile", []))


def check_profile(locks: list[dict[str, Any]]) -> None:
    wanted = [lock for lock in locks if "waiting_ok.py" in lock["class"]]
    ok(
        len(wanted) == 1
        and "Lock wanted of" in wanted[0]["class"]
        and wanted[0]["where"].endswith("waiting_ok.py:12")
        and 0.02 <= wanted[0]["longest_hold_s"] < 1
        and wanted[0]["longest_wait_s"] <= wanted[0]["waited_s"] < 10,
        "where threads wait is told, and no lock that nobody waited for",
        *locks,
    )


def check_deadlocks(findings: list[dict[str, Any]]) -> None:
    missing = bugs("live") - cases(findings, "deadlock")
    ok(not missing, "every deadlock that happens is told", sorted(missing))
    wrong = [f for f in findings if any(Path(test).stem.endswith("_ok") for test in f["tests"])]
    ok(not wrong, "no deadlock is told of what goes on", *[f["explanation"] for f in wrong])
    # Two to three seconds where nothing else runs, seven where a thread first spins for five
    # seconds of processor time; the time limit is a minute.
    late = [f["title"] for f in findings if f["kind"] == "deadlock" and seconds_until(f) > 30]
    ok(not late, "each is told long before the time limit", *late)
    ended = [f["explanation"] for f in findings if "ended_bug" in str(f["tests"])]
    ok(
        any(
            "ended_bug.py:17" in text and "ended_bug.py:9" in text and "has ended" in text
            for text in ended
        ),
        "what is waited for is told, and who should have given it",
        *ended,
    )
    orders = {f["id"] for f in findings if f["kind"] == "lock-order"}
    two = [f for f in findings if f["kind"] == "deadlock" and "two_locks_bug" in str(f["tests"])]
    ok(
        len(two) == 1 and bool(set(two[0].get("related", [])) & orders),
        "a deadlock and the lock order that it came of are one bug",
        *two,
    )
    locks = [lock["name"] for f in two for thread in f["threads"] for lock in thread["locks"]]
    ok(
        len(locks) == 2 and all(" of " in name and ".py:" in name for name in locks),
        "the locks of a deadlock are told by name",
        *locks,
    )
    hangs = cases(findings, "hang")
    ok(not hangs, "none is left to the time limit", sorted(hangs))


def check_forks(report: dict[str, Any]) -> None:
    """What another thread held at a fork and the child waits for is told, and no more."""
    findings = report["findings"]
    told = [f for f in findings if f["kind"] == "fork-lock"]
    ok(
        cases(findings, "fork-lock") == bugs("forks") and len(told) == len(bugs("forks")),
        "a lock that a forked child waits for, for ever, is told once",
        *[(f["kind"], f["tests"], f["title"]) for f in findings],
    )
    wrong = [f for f in findings if any(Path(test).stem.endswith("_ok") for test in f["tests"])]
    ok(not wrong, "no lock is told that the child gets", *[f["explanation"] for f in wrong])
    text = next((f["explanation"] for f in told if "forks/lock_bug" in str(f["tests"])), "")
    ok(
        "The lock: threading.Lock of forks/lock_bug.py:6." in text
        and all(f"lock_bug.py:{line})" in text for line in (11, 18, 29)),
        "with where it was held, where the process forked, and where the child waits",
        text,
    )


def check_gil(findings: list[dict[str, Any]], where: str) -> None:
    told = [f for f in findings if f["kind"] == "deadlock"]
    ok(
        cases(findings, "deadlock") == bugs("gil")
        and all(seconds_until(f) < 20 and "the GIL" in f["explanation"] for f in told),
        f"who waits for the GIL, and who keeps it, are told as a deadlock{where}",
        *[(f["kind"], f["tests"], f["title"], f["detail"]) for f in findings],
    )


ORDERS = [["planted_locks"], ["planted_locks", "--python", "3.13"]]
# A process that stands still takes no processor time, so these go on side by side.
DEADLOCKS = [
    ["planted_deadlocks"],
    ["planted_gil_deadlocks"],
    ["planted_gil_deadlocks", "--python", "3.13"],
    ["planted_forks"],
    ["planted_forks", "--python", "3.13"],
]


def side_by_side(runs: list[list[str]], scratch: Path) -> list[dict[str, Any]]:
    with ThreadPoolExecutor() as pool:
        each = [pool.submit(run, suite, scratch, *options) for suite, *options in runs]
        return [one.result() for one in each]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-locks-") as folder:
        orders, older = side_by_side(ORDERS, Path(folder))
        deadlocks, gil, older_gil, forks, older_forks = side_by_side(DEADLOCKS, Path(folder))
        check_orders(orders)
        check_found(older["findings"], " on 3.13")
        check_deadlocks(deadlocks["findings"])
        check_gil(gil["findings"], "")
        check_gil(older_gil["findings"], " on 3.13")
        check_forks(forks)
        check_forks(older_forks)
    return done()


if __name__ == "__main__":
    sys.exit(main())
