#!/usr/bin/env python3
"""Which of ftstress's promises hold on a CPython: `make selfcheck PYTHON=3.15`, or a path.

The tests that CI runs on the releases that it builds are run on this one, and so are the planted
suites: of each every bug has to be found, and no correct twin. Some minutes; docs/adding.md says
what to make of it.
Exit code 0 if all promises hold.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
from report_file import read_report

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build")
FTSTRESS = str(BUILD / "ftstress")

HOOKS = (
    "again", "footprint", "freed", "hidden_race", "kept", "looped", "made", "owners",
    "quiet", "renewed", "rounds",
)  # fmt: skip


@dataclass(frozen=True)
class Tests:
    """Test programs that say TAP."""

    promise: str
    programs: tuple[Path, ...]


@dataclass(frozen=True)
class Suite:
    """A planted suite, and which findings are its bugs'."""

    promise: str
    suite: str
    kinds: tuple[str, ...]
    options: tuple[str, ...] = ()


RACES = ("data-race", "use-after-free")
STOPPED = ("crash", "deadlock", "livelock")  # their stacks are read from outside
MEANT = ("--happens-before", "meant")

PROMISES: tuple[Tests | Suite, ...] = (
    Tests("what the hooks see", tuple(ROOT / f"tests/interpose/{name}.t" for name in HOOKS)),
    Tests(
        "stacks of stopped processes",
        tuple(BUILD / "tests/unit" / name for name in ("unwind_python", "livelock", "asleep")),
    ),
    Tests(
        "order: what CPython's own locks and counters say, staggered pairs and their twins",
        tuple(ROOT / f"tests/order/{name}.t" for name in ("edges", "staggered")),
    ),
    Suite("data races", "planted_races", RACES, MEANT),
    Suite("lost updates of Python code", "planted_python", ("python-race",)),
    Suite("lock orders", "planted_locks", ("lock-order",)),
    Suite("deadlocks", "planted_deadlocks", ("deadlock",)),
    Suite("deadlocks of the GIL", "planted_gil_deadlocks", ("deadlock",)),
    Suite("locks held over a fork", "planted_forks", ("fork-lock",)),
    Suite("livelocks", "planted_livelocks", ("livelock",)),
    Suite("crashes", "planted_causes", ("crash",)),
    Suite("reference counts", "planted_refcounts", (*RACES, "reference-count")),
)


@dataclass
class Result:
    holds: bool
    figures: str
    why: list[str]


def run_tests(tests: Tests, python: str) -> Result:
    kept = 0
    broken: list[str] = []
    for program in tests.programs:
        name = program.relative_to(ROOT)
        ended = subprocess.run(
            [program],
            cwd=ROOT,
            env={
                **os.environ,
                "BUILD": str(BUILD),
                "FTSTRESS_TEST_PYTHONS": python,
            },
            text=True,
            errors="replace",
            capture_output=True,
        )
        lines = ended.stdout.splitlines()
        kept += sum(line.startswith("ok ") for line in lines)
        failed = [line for line in lines if line.startswith("not ok ")]
        broken += [f"{name}: {line}" for line in failed]
        if not failed and (ended.returncode or not any(line.startswith("1..") for line in lines)):
            broken.append(f"{name} ended with {ended.returncode}: {ended.stderr[-300:]}")
    return Result(not broken, f"{kept} of {kept + len(broken)}", broken)


def cases_of(suite: str) -> set[str]:
    """The names of all its cases; each ends with _bug or _ok."""
    ended = subprocess.run(
        [FTSTRESS, "--suite", suite, "--list"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    names = {Path(line.strip()).stem for line in ended.stdout.splitlines()}
    return {name for name in names if name.endswith(("_bug", "_ok"))}


def run_suite(suite: Suite, python: str, hooks: dict[str, str]) -> Result:
    cases = cases_of(suite.suite)
    bugs = {case for case in cases if case.endswith("_bug")}
    with tempfile.TemporaryDirectory(prefix="ftstress-selfcheck-") as folder:
        command = [FTSTRESS, "--suite", suite.suite, "--python", python, "--seed", "51", "--quiet"]
        ended = subprocess.run(
            [*command, "--output", folder, "--format", "json", *suite.options],
            cwd=ROOT,
            text=True,
            errors="replace",
            capture_output=True,
        )
        reports = list(Path(folder).glob("*.json"))
        if not reports:
            said = (ended.stderr or ended.stdout).strip().splitlines()
            return Result(False, "did not run", said[-3:])
        report = read_report(reports[0])
    for hook in report["run"]["hooks"]:
        if not hook["live"] and not hook["off"]:
            hooks[hook["name"]] = hook["why"]
    found: set[str] = set()
    twins: set[str] = set()
    wrong: list[str] = []
    for finding in report["findings"]:
        names = {Path(test).stem for test in finding["tests"]}
        if finding["kind"] in suite.kinds:
            found |= names
            frames = [frame for thread in finding["threads"] for frame in thread["frames"]]
            bare = finding["kind"] in STOPPED and all(f["language"] != "python" for f in frames)
            wrong += [f"{name}: no Python frame in {finding['title']}" for name in names if bare]
        if finding["status"] != "new":  # a comment in the twin says that it is meant
            continue
        told = sorted(name for name in names if name.endswith("_ok"))
        wrong += [f"{name}: {finding['title']}" for name in told]
        twins |= set(told)
    missing = [f"{name}: not found" for name in sorted(bugs - found)]
    figures = f"{len(bugs & found)} of {len(bugs)} bugs, "
    figures += f"{len(twins)} of {len(cases) - len(bugs)} twins"
    return Result(bool(bugs) and not missing and not wrong, figures, missing + wrong)


def interpreter(python: str) -> tuple[str, str]:
    """The path of the one that is asked for, and what it calls itself."""
    if "/" not in python:
        made = subprocess.run(
            [ROOT / "stress/toolchain/prepare", "python", python], text=True, stdout=subprocess.PIPE
        )
        if made.returncode:
            sys.exit(4)
        python = json.loads(made.stdout.splitlines()[-1])["python"]
    said = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"],
        text=True,
        stdout=subprocess.PIPE,
    )
    if said.returncode:
        sys.exit(4)
    return python, said.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "python", help="a release that ftstress builds, or the path of a TSan Python"
    )
    parser.add_argument("-k", default="", help="only promises with this in their words")
    options = parser.parse_args()
    if "/" in options.python:
        options.python = str(Path(options.python).absolute())
    path, version = interpreter(options.python)
    print(f"CPython {version}, {path}\n", flush=True)
    hooks: dict[str, str] = {}
    results = []
    for promise in PROMISES:
        if options.k not in promise.promise:
            continue
        begun = time.monotonic()
        if isinstance(promise, Tests):
            result = run_tests(promise, path)
        else:
            result = run_suite(promise, options.python, hooks)
        results.append(result)
        word = "holds " if result.holds else "BROKEN"
        seconds = time.monotonic() - begun
        print(f"{word}  {promise.promise}: {result.figures} ({seconds:.0f} s)", flush=True)
        for line in result.why:
            print(f"          {line}", flush=True)
    for name, why in sorted(hooks.items()):
        print(f"\nOff on this Python: {name}: {why}")
    held = sum(result.holds for result in results)
    print(f"\n{held} of {len(results)} promises hold on CPython {version}.")
    return 0 if results and held == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
