#!/usr/bin/env python3
"""The whole of ftstress on planted pairs: each faulty type has its cell, no correct twin has one.

Needs what `make run` builds (CPython with TSan); a minute or two.
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

# What is wrong; a type, two of its operations, and the kinds of finding that tell it.
C, CYTHON, CPP = "planted_pairs._c", "planted_pairs._cython", "planted_pairs._cpp"
METER = "builtins.PyCapsule[planted_pairs.meter_bug]"
PLANTED = (
    ("a field without a lock", f"{CYTHON}.Field_bug", "add", "read", "data-race"),
    ("a lock on one side", f"{CPP}.OneSide_bug", "get", "set", "data-race"),
    ("a container changed while it is walked", f"{C}.Walk_bug", "add", "sum", "data-race"),
    ("an argument that is changed", "builtins.list", "append", "total_bug(.)", "data-race"),
    ("a double decrement at exhaustion", f"{C}.Drain_bug", "next", "next", "data-race"),
    ("a cache made twice", f"{CYTHON}.Lazy_bug", "ordered", "ordered", "data-race"),
    ("memory that a callback let go", f"{C}.Calls_bug", "clear", "each", "use-after-free"),
    ("a plain count that two objects share", f"{CPP}.Handle_bug", "share", "users", "data-race"),
    ("an exception used after its lock", f"{C}.Parser_bug", "parse", "parse", "data-race"),
    ("a slot used again under a reader", f"{C}.Slots_bug", "remove", "get", "data-race"),
    ("a handle in a capsule", METER, "meter_add_bug(.)", "meter_add_bug(.)", "data-race"),
    ("a field behind another lock", f"{CYTHON}.Asks_bug", "ask", "ask", "data-race"),
    ("a call that always raises", f"{CYTHON}.Refuses_bug", "feed", "feed", "data-race"),
    ("two objects that lock each other", f"{C}.Pot_bug", "merge", "merge", "lock-order"),
)
# Shows only when two calls overlap within nanoseconds: in most runs, not in each.
OVERLAPPING = ("a number given out twice", f"{C}.Tickets_bug", "take", "take", "test-failure")


def run(scratch: Path) -> dict[str, Any]:
    """The report of a run."""
    arguments = ["--suite", "planted_pairs", "--pairs", "--results", "--format", "json"]
    arguments += ["--seed", "51"]
    command = [str(FTSTRESS), *arguments, "--output", str(scratch), "--quiet"]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    reports = list(scratch.glob("*.json"))
    if not reports:
        comment((ended.stderr + ended.stdout)[-2000:])
        return {"findings": [], "run": {"types": []}}
    report: dict[str, Any] = json.loads(reports[0].read_text())
    report["text"] = ended.stdout
    return report


def plain_environment(python: str) -> tuple[str, dict[str, str]]:
    """The interpreter that users have, with the planted package."""
    cache = os.environ.get("FTSTRESS_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "ftstress"
    )
    found = sorted(Path(cache, "env").glob("planted_pairs-*/env.json"), key=os.path.getmtime)
    told = [json.loads(file.read_text()) for file in found]
    made = next(one for one in reversed(told) if one["python"] == python)
    return made["plain"], {**os.environ, "PYTHONPATH": os.pathsep.join(made["plain_site"])}


def run_scripts(report: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The pairs whose scripts ran, without ftstress; those of which they did not. Those that crash,
    hang or see a wrong state, which takes calls that meet in time, are told."""
    ran: list[str] = []
    broken: list[str] = []
    if not report["findings"]:
        return ran, broken
    python, environment = plain_environment(report["run"]["python"])
    for finding in report["findings"]:
        if "script" not in finding:
            continue
        command = [python, finding["script"], "2"]
        ended = subprocess.run(command, text=True, capture_output=True, env=environment)
        pair = finding["tests"][0]
        wrong = ended.stdout.startswith("wrong: ") or "most recent call first" in ended.stderr
        wrong = wrong or ended.returncode < 0  # too broken for a last word
        if wrong:
            comment(f"{pair}: {(ended.stdout + ended.stderr).strip()[:100]}")
        fine = ended.returncode == 0 and ended.stdout == "nothing seen in 2 s\n"
        (ran if wrong or fine else broken).append(pair)
        if not (wrong or fine):
            comment(ended.stderr[-500:])
    return ran, broken


def cell(test: str) -> tuple[str, frozenset[str]]:
    """The type and the operations of a pair; "add#2", with other arguments, is "add"."""
    kind, _, pair = test.partition("::")
    one, two = pair.split("|")
    names = (one.partition(";")[0], two.rpartition(">")[2])
    return kind, frozenset(name.partition("#")[0] for name in names)


def has(findings: list[dict[str, Any]], planted: tuple[str, ...]) -> bool:
    _, kind, one, two, what = planted
    wanted = (kind, frozenset((one, two)))
    return any(f["kind"] == what and wanted in map(cell, f["tests"]) for f in findings)


def is_of_a_twin(finding: dict[str, Any]) -> bool:
    return any("_ok" in test for test in finding["tests"])


def racy_cells_of_twins(types: list[dict[str, Any]]) -> list[str]:
    """Letters other than clean, not run and not exercised; a list's with the correct function."""
    wrong = []
    for kind in types:
        for name, row in zip(kind["operations"], kind["rows"], strict=True):
            if ("_ok" in kind["name"] or "_ok" in name) and set(row) & set("orDC"):
                wrong.append(f"{kind['name']} {name}: {row}")
    return wrong


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-pairs-") as folder:
        report = run(Path(folder))
        ran, broken = run_scripts(report)
    findings, types = report["findings"], report["run"]["types"]
    for planted in PLANTED:
        name = planted[1].rpartition(".")[2]
        ok(has(findings, planted), f"{planted[0]} is found: {name} {planted[2]}, {planted[3]}")
    if not has(findings, OVERLAPPING):
        comment(f"{OVERLAPPING[0]} did not show in this run: the calls did not overlap")
    ok(len(ran) >= 10 and not broken, "each entry has a script that runs alone", ran, broken)
    told = {cell(test)[0] for f in findings for test in f["tests"]}
    wrong = [f"{f['title']} in {', '.join(f['tests'])}" for f in findings if is_of_a_twin(f)]
    ok(not wrong, "no finding names a correct twin", *wrong)
    twins = [kind["name"] for kind in types if kind["name"].endswith("_ok")]
    ok(len(twins) == 12, "each correct twin is looked at", twins)
    wrong = racy_cells_of_twins(types)
    ok(not wrong, "no cell of a correct twin is other than clean", *wrong)
    refuses: dict[str, Any] = next(
        (kind for kind in types if kind["name"] == f"{CYTHON}.Refuses_ok"), {}
    )
    unknown = refuses.get("rows", [""])[refuses.get("operations", ["feed"]).index("feed")]
    ok(
        refuses.get("not_called") == ["feed_file"]
        and set(unknown) <= {"?", "-"}
        and "?" in unknown,
        "what always raises is not clean, and what was never called is named",
        refuses,
    )
    hidden: dict[str, Any] = next((k for k in types if k["name"] == f"{CYTHON}.Asks_hidden"), {})
    asks = hidden.get("operations", ["ask"]).index("ask")
    ok(
        [asks, asks, "the lock of a set that is there for all"] in hidden.get("ordered", []),
        "where a lock that is about something else hides a race, the cell says so",
        hidden,
    )
    racy = {p[1] for p in PLANTED if p[4] == "data-race"}
    text = report.get("text", "")
    several = [name for name in racy if text.count(f". {name}:") != 1]
    ok(racy <= told and not several, "the summary has one entry for each racy type", several, text)
    return done()


if __name__ == "__main__":
    sys.exit(main())
