#!/usr/bin/env python3
"""Races of Python code.

All that are planted are found, under the same ids with any seed, and none of their correct twins
is. And where it looks for them, ftstress finds the races in memory as before.

Needs what `make run` builds (CPython with TSan); some minutes.
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
from report_file import read_report
from tap import done, ok

ROOT = Path(__file__).resolve().parents[1]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
PLANTED = ROOT / "stress" / "planted_python"
HOOK = "races on Python variables"
KIND = "python-race"


SCRIPT = """import threading

HEAD


def work():
BODY


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
SCRIPTS = {
    "counter": ("counter = 0", "global counter\nfor _ in range(2000):\n    counter += 1"),
    "words": ("counts = {}", "for word in 'a b c':\n    counts[word] = counts.get(word, 0) + 1"),
    "stack": (
        "items = [0] * 999",
        "while True:\n    if not items:\n        break\n    items.pop()",
    ),
    "generator": (
        "numbers = (number for number in range(1000))\nseen = []",
        "for number in numbers:\n    seen.append(number)",
    ),
    "sent": (
        "def average():\n    total, count = 0, 0\n    while True:\n"
        "        total += yield total / count if count else 0\n        count += 1\n\n\n"
        "mean = average()\nnext(mean)",
        "for number in range(40):\n    mean.send(number)",
    ),
    "limit": (
        "made = {}",
        "for key in range(20):\n    if key not in made:\n        if len(made) >= 30:\n"
        "            break\n        made[key] = object()",
    ),
    "correct": (
        "counter = 0\nlock = threading.Lock()\nnumbers = (number for number in range(9999))",
        "global counter\nown = iter(number for number in range(9))\n"
        "for _ in range(2000):\n    with lock:\n        counter += 1\n        next(numbers)\n"
        "    next(own, 0)",
    ),
}
"""As one writes them, without a test."""
LOST = {"confirmed: an update was seen lost"}
EVIDENCE = {
    "counter": LOST,
    "words": LOST,
    "stack": {"confirmed: it acted on what had changed, and got an IndexError"},
    "generator": {None},
    "sent": {None},
    "limit": {"confirmed: it acted on what had changed"},
    "correct": set(),
}
MAYBE: dict[str, set[str | None]] = {"limit": {None}}
"""One of its two races may be left."""
LIMIT = {
    ("an item of a dict", "if key not in made:"),
    ("the items of a dict", "if len(made) >= 30:"),
}
HARMLESS = {"cache_numbers_bug", "cache_same_bug", "cache_texts_bug", "cache_tuples_bug"}
"""Both threads store an equal value, which nobody can change, or the same object."""
BOTH = {"array_item_bug", "iterated_ordered_bug"}
"""A data race in C as well, which may be one of CPython's."""
UNCONFIRMED = {
    "thread_local_bug",
    "iterator_list_bug",
    "iterator_enumerate_bug",
    "iterated_dict_bug",
    "iterated_set_bug",
    "iterated_after_bug",
    "iterated_deque_bug",
    "iterated_ordered_bug",
    "iterated_handled_bug",
    "fields_torn_bug",
    "fields_counted_bug",
    "fields_written_bug",
    "default_list_bug",
    "counter_update_bug",
    "insort_bug",
    "weak_set_bug",
}
"""Each thread reads the class's attribute first, and its own from then on: a thread that is stopped
at the first has not read what the others write. What came of iterators and of two fields is not
looked at; and nobody can stop within what C does in one call. What is in a set by now is not put
there once more, and so is no write."""


class Run:
    """One call of ftstress, and what its JSON report says."""

    def __init__(self, suite: str, output: Path, *options: str) -> None:
        output.mkdir()
        which = ["run", suite] if suite.endswith(".py") else ["--suite", suite]
        arguments = [*which, "--output", str(output), "--format", "json", "--quiet"]
        self.done = subprocess.run(
            [FTSTRESS, *arguments, *options], cwd=ROOT, text=True, capture_output=True
        )
        made = list(output.glob("*.json"))
        self.report: dict[str, Any] = read_report(made[0]) if made else {}
        self.findings: list[dict[str, Any]] = self.report.get("findings", [])

    def words(self) -> str:
        return (self.done.stderr + self.done.stdout)[-2000:]

    def of(self, case: str) -> list[dict[str, Any]]:
        return [f for f in self.findings if any(Path(test).stem == case for test in f["tests"])]

    def hook(self) -> dict[str, Any]:
        hooks = self.report.get("run", {}).get("hooks", [])
        return next((hook for hook in hooks if hook["name"] == HOOK), {})


def ids(run: Run) -> set[str]:
    return {f["id"] for f in run.findings if f["kind"] == KIND}


def check_planted(run: Run, seed: str) -> None:
    bugs = {path.stem for path in PLANTED.glob("*_bug.py")}
    missing = [case for case in sorted(bugs) if not any(f["kind"] == KIND for f in run.of(case))]
    ok(not missing, f"every bug is found, seed {seed}", missing, run.words())
    wrong = [
        f"{f['id']} {f['title']} in {f['tests']}"
        for f in run.findings
        if f["status"] != "suppressed"
        and not all(Path(test).stem in (bugs if f["kind"] == KIND else BOTH) for test in f["tests"])
    ]
    ok(not wrong, f"nothing else is found, seed {seed}", *wrong)


def lost(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    return {
        Path(test).stem: finding
        for run in runs
        for finding in run.findings
        if finding.get("shows") == "loses" and finding["status"] != "suppressed"
        for test in finding["tests"]
    }


def check_confirmed(runs: list[Run], scratch: Path) -> None:
    """What is only concluded at first is made to happen in a later iteration. A slice takes half of
    the tests: what needs more iterations than these has some more, up to 20 in all.
    """
    bugs = {path.stem for path in PLANTED.glob("*_bug.py")} - UNCONFIRMED - HARMLESS
    left = sorted(bugs - set(lost(runs)))
    if left:
        which = ("--tests", " or ".join(left), "--iterations", "12")
        runs.append(Run("planted_python", scratch / "left", *which))
    seen = lost(runs)
    ok(not bugs - set(seen), "every bug is confirmed", left, sorted(bugs - set(seen)))
    equal = {
        Path(test).stem
        for run in runs
        for finding in run.findings
        if finding.get("shows") == "equal"
        for test in finding["tests"]
    }
    ok(bool(equal) and equal <= HARMLESS, "caches whose values are equal are told apart", equal)
    ok(not HARMLESS & set(seen), "and none of them is said to lose something", HARMLESS & set(seen))
    for run in runs:
        order = [
            f["shows"] == "equal"
            for f in run.findings
            if f["kind"] == KIND and f["status"] == "new" and "shows" in f
        ]
        ok(order == sorted(order), "and come last", order)
    wrong = [case for case in seen if not case.endswith("_bug")]
    ok(not wrong, "no correct twin is", wrong)
    update = seen.get("attribute_bug", {}).get("interleaving", "")
    ok(
        update.split("\n")
        == [
            "one thread                           another thread",
            "attribute_bug.py:14  reads",
            "    counter.value += 1",
            "                                     attribute_bug.py:14  writes",
            "                                         counter.value += 1",
            "attribute_bug.py:14  writes over it",
            "    counter.value += 1",
            "",
        ],
        "the steps of both threads are drawn in their order",
        update,
    )


def check_words(run: Run) -> None:
    """What a finding says: the variable, both lines, and what each belongs together with."""
    found = run.of("attribute_bug")
    ok(
        len(found) == 1 and found[0]["title"].startswith("Counter.value: an update in stress"),
        "the title names the variable and what happens",
        [f["title"] for f in found],
    )
    line = next(
        number
        for number, text in enumerate((PLANTED / "attribute_bug.py").read_text().splitlines(), 1)
        if "+=" in text
    )
    sides = [(t["frames"][0]["line"], t["role"]) for f in found for t in f["threads"]]
    belongs = (f"read, before the write in line {line}", f"write, after the read in line {line}")
    ok(
        len(sides) == 2 and all(at == line and role in belongs for at, role in sides),
        "both sides have their line, and the line of the read or write that belongs to it",
        sides,
    )
    ok(
        ", made at planted_python/attribute_bug.py:9" in json.dumps(found),
        "and where the object was made",
        [f["subject"] for f in found],
    )
    check_locks(run)
    checks = [f["title"] for f in run.of("lazy_bug")]
    ok(
        bool(checks) and all("checks" in title for title in checks),
        "a check before an act is told as that",
        checks,
    )
    meant = run.of("meant_ok")
    ok(
        len(meant) == 1
        and meant[0]["status"] == "suppressed"
        and "it is for a progress bar (" in meant[0]["suppressed_by"],
        "a comment at the line says that the race is meant, and the reason is kept",
        [(f["status"], f["suppressed_by"]) for f in meant],
    )


def check_locks(run: Run) -> None:
    """One side takes the lock, the other does not: that is the usual cause, and is told."""
    text = (PLANTED / "one_side_bug.py").read_text().splitlines()
    locked, bare = (number for number, line in enumerate(text, 1) if "+=" in line)
    made = next(number for number, line in enumerate(text, 1) if "threading.Lock()" in line)
    held = {
        thread["frames"][0]["line"]: [lock["name"] for lock in thread["locks"]]
        for found in run.of("one_side_bug")
        for thread in found["threads"]
    }
    wanted = {bare: [], locked: [f"threading.Lock of planted_python/one_side_bug.py:{made}"]}
    ok(
        bare in held and all(names == wanted[line] for line, names in held.items()),
        "the locks held on either side are told",
        held,
    )
    numbers = {
        thread["thread"]
        for found in run.of("two_locks_bug") + run.of("attribute_bug")
        for thread in found["threads"]
    }
    ok(
        bool(numbers) and numbers <= {f"Thread T{number}" for number in range(1, 5)},
        "threads are numbered by the test",
        numbers,
    )


def check_scripts(scratch: Path) -> None:
    """A script that starts its threads itself, without a suite file."""
    for name, (head, body) in SCRIPTS.items():
        script = scratch / f"{name}.py"
        script.write_text(
            SCRIPT.replace("HEAD", head).replace("BODY", textwrap.indent(body, "    "))
        )
        run = Run(str(script), scratch / f"script-{name}", "--iterations", "4", "--seed", "51")
        kinds = {f["kind"] for f in run.findings}
        if name in ("generator", "sent"):  # two threads in one may also crash the interpreter
            kinds &= {KIND}
        ok(
            kinds == (set() if name == "correct" else {KIND}),
            f"ftstress run {name}.py finds what is lost, and nothing else",
            kinds,
            run.words(),
        )
        evidence = {f.get("evidence") for f in run.findings if f["kind"] == KIND}
        ok(
            evidence - MAYBE.get(name, set()) == EVIDENCE[name],
            f"and what came of it: {name}",
            evidence,
        )
        if name == "limit":
            check_limit(run)


def check_long(scratch: Path) -> None:
    """Some 700 threads, what moves between them, exceptions: nothing but the one bug at its end."""
    script = ROOT / "tests" / "python_races" / "long_run.py"
    run = Run(str(script), scratch / "long", "--iterations", "2", "--seed", "51")
    titles = [f["title"].split(":")[0] for f in run.findings]
    ok(titles == ["global late"], "in a long run nothing wrong is told", titles, run.words())


def check_limit(run: Run) -> None:
    drawn = {
        (f["title"].split(":")[0], f["interleaving"].split("\n")[2].strip())
        for f in run.findings
        if "interleaving" in f
    }
    ok(
        bool(drawn) and drawn <= LIMIT,
        "each is drawn with the line that has read it: a key, or how many there are",
        drawn,
    )


def check_hook(scratch: Path) -> None:
    one = ("--tests", "global_bug", "--iterations", "1")
    off = Run("planted_python", scratch / "off", *one, "--python-races", "off")
    ok(
        off.hook().get("off") is True and not ids(off),
        "it can be left off, and the list of hooks says so",
        off.hook(),
        off.words(),
    )
    old = Run("planted_python", scratch / "old", *one, "--python", "3.13")
    ok(
        not old.hook().get("live", True)
        and "3.14 only" in old.hook().get("why", "")
        and not ids(old),
        "on CPython 3.13 it is not live, and the list of hooks says why",
        old.hook(),
        old.words(),
    )


def iterations_of(finding: dict[str, Any]) -> set[int]:
    return {int(token.split(".")[1]) for token in finding["replays"]}


def check_default(scratch: Path) -> None:
    """Nobody asked for anything: a suite of one test."""
    for case in ("counter", "correct"):
        head, body = SCRIPTS[case]
        folder = scratch / f"plain_{case}"
        folder.mkdir()
        text = SCRIPT.replace("HEAD", head).replace("BODY", textwrap.indent(body, "    "))
        (folder / "plain.py").write_text(text)
        suite = folder / "plain.ini"
        suite.write_text(f"[suite]\nname = plain_{case}\ndriver = script\ntarget = plain.py\n")
        run = Run(str(suite), folder / "runs", "--iterations", "4", "--seed", "5")
        gate = Run(str(suite), folder / "gate", "--gate")
        if case == "correct":
            found = [f["title"] for f in run.findings + gate.findings]
            ok(not found, "by default nothing is found in what is correct", found)
            continue
        seen = [iterations_of(f) for f in run.findings if f["kind"] == KIND]
        ok(seen == [{0}], "by default it is found the first time that a test runs", run.words())
        ok(
            len(ids(gate)) == 1 and ids(gate) == ids(run),
            "and in a gate",
            gate.words(),
        )
        half = Run(str(suite), folder / "half", "--iterations", "4", "--python-races-every", "2")
        seen = [iterations_of(f) for f in half.findings if f["kind"] == KIND]
        ok(
            len(seen) == 1 and bool(seen[0]) and seen[0] <= {0, 2},
            "and in one iteration of so many as one says",
            half.words(),
        )


ARRAYS = """import threading

import numpy as np

weights, rows = np.zeros(8, dtype=np.int64), np.zeros((8, 8), dtype=np.int64)
lock = threading.Lock()


def stress(thread_index):
    global weights
    for number in range(40):
        BODY
"""
SHARED = {
    "weights += 1": True,
    "weights[number % 8] += 1": True,
    "with lock: weights *= 2": False,
    "rows[thread_index] += 1": False,
    "own = weights.copy(); own -= 1; own[0] += 1": False,
}


def check_arrays(scratch: Path) -> None:
    """NumPy's arrays, as a whole and by their items; of its own races in C nothing is said here."""
    folder = scratch / "arrays"
    folder.mkdir()
    for number, body in enumerate(SHARED):
        (folder / f"case{number}.py").write_text(ARRAYS.replace("BODY", body))
    suite = folder / "arrays.ini"
    suite.write_text(
        "[suite]\nname = arrays\ndriver = script\ntarget = case*.py\nrequire = numpy\n"
        "[run]\npairs-every = off\npython-races = package, tests\n"
    )
    run = Run(str(suite), folder / "runs", "--iterations", "4", "--seed", "51")
    found = {
        body: any(f["kind"] == KIND for f in run.of(f"case{number}"))
        for number, body in enumerate(SHARED)
    }
    ok(found == SHARED, "arrays that threads share are found, and no others", found, run.words())


def check_memory(scratch: Path) -> None:
    """The observer does not change what it observes."""
    looks = Run("planted_races", scratch / "memory", "--gate", "--python-races", "package,tests")
    bugs = {path.stem for path in (ROOT / "stress" / "planted" / "cases").glob("*_bug.py")}
    missing = [
        case for case in sorted(bugs) if not any(f["kind"] == "data-race" for f in looks.of(case))
    ]
    ok(
        looks.hook().get("live") is True and not missing,
        "where Python variables are looked at, every race in memory is found",
        looks.hook(),
        missing,
        looks.words(),
    )
    wrong = [
        f"{f['id']} {f['title']} in {f['tests']}"
        for f in looks.findings
        if any(Path(test).stem.endswith("_ok") for test in f["tests"])
    ]
    ok(not wrong, "and no correct twin is named", *wrong)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        runs = {
            seed: Run("planted_python", scratch / seed, "--seed", seed, "--iterations", "8")
            for seed in ("51", "52")
        }
        for seed, run in runs.items():
            check_planted(run, seed)
        first, second = runs.values()
        ok(
            ids(first) == ids(second) != set(),
            "the same ids with another seed",
            ids(first) ^ ids(second),
        )
        ok(first.hook().get("live") is True, "the list of hooks has it as live", first.hook())
        check_confirmed(list(runs.values()), scratch)
        check_words(first)
        check_scripts(scratch)
        check_long(scratch)
        check_hook(scratch)
        check_default(scratch)
        check_arrays(scratch)
        check_memory(scratch)
    return done()


if __name__ == "__main__":
    sys.exit(main())
