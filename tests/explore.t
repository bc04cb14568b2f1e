#!/usr/bin/env python3
"""--explore: a script's threads in all orders with at most two switches.

A planted program of three threads, whose bug needs two switches in one place each: it is found, its
token brings it back, and how many orders there are is what another count of them says.

Needs what `make run` builds (CPython with TSan); a minute.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
from tap import done, ok

ROOT = Path(__file__).resolve().parents[1]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"

PROGRAM = """import threading

first = second = False
both = []
lock = threading.Lock()


def one():
    global first
    ALONE:
        first = True
        first = False


def two():
    global second
    ALONE:
        second = True
        second = False


def three():
    ALONE:
        if first and second:
            both.append(True)


threads = [threading.Thread(target=target) for target in (one, two, three)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not both
"""
BUG = PROGRAM.replace("ALONE", "if True")
"""The third thread sees both only if the first stops behind its first write, the second, too."""
CORRECT = PROGRAM.replace("ALONE", "with lock")

FIELDS = """
class Span:
    def __init__(self):
        self.first = self.last = 0


span = Span()


def stress(thread_index):
    for number in range(30):
        if thread_index == 0:
            span.first = number
            span.last = number
        else:
            first, last = span.first, span.last
            assert last == first, (first, last)
"""
"""Two that belong together are read between their two writes."""

COUNTER = """import threading

total = 0
items = [1]


def work():
    global total
    total += 1
    if items:
        items.pop()


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
SEEN = {
    "global total": "confirmed: an update was seen lost",
    "the items of a list": "confirmed: it acted on what had changed, and got an IndexError",
}

Switches = tuple[tuple[int, int], ...]
Step = tuple[int, int, str, bool]
"""Behind which point, who ran, what it used, and whether it wrote."""


class Model:
    """The bug's threads, as they take turns: another count of its orders than that of ftstress.

    Thread 0 is the main one: it waits for 1, 2 and 3 in turn. Who waits longest goes on. Points
    begin at 1 with the first that the others make.
    """

    def __init__(self) -> None:
        self.values = {"first": False, "second": False}
        self.threads = {1: self._writes("first"), 2: self._writes("second"), 3: self._reads()}
        self.queue = [1, 2, 3]
        self.joins = 1
        self.steps: list[tuple[Step, frozenset[int]]] = []

    def _writes(self, name: str) -> Iterator[tuple[str, bool]]:
        for value in (True, False):
            self.values[name] = value
            yield name, True

    def _reads(self) -> Iterator[tuple[str, bool]]:
        for name in ("first", "second"):
            yield name, False
            if not self.values[name]:
                return
        yield "both", False
        yield "both", True

    def _end(self, thread: int) -> None:
        del self.threads[thread]
        if thread == self.joins:
            self.queue.append(0)

    def _main(self) -> None:
        while self.joins not in self.threads and self.joins <= 3:
            self.joins += 1

    def run(self, switches: Switches) -> "Model":
        left = list(switches)
        while self.queue:
            thread = self.queue.pop(0)
            if thread == 0:
                self._main()
                continue
            for name, write in self.threads[thread]:
                point = len(self.steps) + 1
                self.steps.append(((point, thread, name, write), frozenset(self.queue)))
                if left and left[0][0] == point:
                    _, target = left.pop(0)
                    self.queue.remove(target)
                    self.queue.insert(0, target)
                    self.queue.append(thread)
                    break
            else:
                self._end(thread)
        return self

    def choices(self, behind: int) -> list[tuple[int, int]]:
        users: dict[str, set[int]] = {}
        for (_, thread, name, _), _ in self.steps:
            users.setdefault(name, set()).add(thread)
        return [
            (point, target)
            for (point, _, name, _), ready in self.steps
            if point > behind and len(users[name]) > 1
            for target in sorted(ready)
        ]


def counted() -> tuple[int, int, int]:
    ones = Model().run(()).choices(0)
    twos = [(one, two) for one in ones for two in Model().run((one,)).choices(one[0])]
    return 1, len(ones), len(twos)


class Run:
    """One call of ftstress, and what its JSON report says."""

    def __init__(self, script: Path, output: Path, *options: str, explore: bool = True) -> None:
        output.mkdir()
        arguments = ["run", str(script), "--output", str(output), "--format", "json", "--quiet"]
        self.done = subprocess.run(
            [FTSTRESS, *arguments, *(["--explore"] if explore else []), *options],
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
        )
        made = list(output.glob("*.json"))
        self.report: dict[str, Any] = json.loads(made[0].read_text()) if made else {}
        self.notes = "\n".join(self.report.get("run", {}).get("notes", []))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [f for f in self.report.get("findings", []) if f["kind"] == kind]

    def words(self) -> str:
        return (self.done.stderr + self.done.stdout)[-2000:] + self.notes


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        bug, correct = scratch / "bug.py", scratch / "correct.py"
        bug.write_text(BUG)
        correct.write_text(CORRECT)
        none, one, two = counted()
        total = none + one + two
        run = Run(bug, scratch / "bug", "--iterations", str(total + 3), "--seed", "5")
        found = run.of("test-failure")
        ok(
            len(found) == 1 and "assert not both" in json.dumps(found),
            "what needs two switches in one place each is found",
            run.words(),
        )
        told = re.search(
            r"all (\d+) orders .* \((\d+) with none, (\d+) of \3 with one, (\d+) of \4 with two",
            run.notes,
        )
        ok(
            told is not None and [int(n) for n in told.groups()] == [total, none, one, two],
            "it says how many orders there are, and that all of them ran",
            (total, none, one, two),
            run.notes,
        )
        ok("; then 3 by seed" in run.notes, "and goes on by seed then", run.notes)
        token = str(found[0]["replays"][0]) if found else ""
        ok(
            re.fullmatch(r"5\.0\.0@\d+:2,\d+:3", token) is not None,
            "its token has both switches",
            token,
        )
        again = Run(bug, scratch / "again", "--replay", token, "--iterations", "1")
        ok(len(again.of("test-failure")) == 1, "which bring it back", again.words())
        silent = Run(correct, scratch / "correct", "--iterations", "24", "--seed", "5")
        ok(
            not silent.report.get("findings") and "by seed" in silent.notes,
            "with a lock it comes in no order",
            silent.words(),
        )
        check_seen(scratch)
        check_pauses(scratch)
    return done()


def check_seen(scratch: Path) -> None:
    """What is lost in one of the orders is told as such, and drawn."""
    counter = scratch / "counter.py"
    counter.write_text(COUNTER)
    run = Run(counter, scratch / "counter", "--iterations", "16", "--seed", "5")
    seen = {f["title"].split(":")[0]: f.get("evidence") for f in run.of("python-race")}
    ok(seen == SEEN, "what is lost in one of the orders is seen", seen, run.words())
    drawn = [f.get("interleaving", "").split("\n") for f in run.of("python-race")]
    ok(
        bool(drawn) and all(re.match(r"one thread +another thread$", d[0]) for d in drawn),
        "and drawn in two columns",
        drawn,
    )


def check_pauses(scratch: Path) -> None:
    """Where threads overlap, some stop for a moment between two lines."""
    fields = scratch / "fields.py"
    fields.write_text(FIELDS)
    options = ("--schedule", "overlap", "--threads", "2", "--iterations", "16", "--seed", "1")
    run = Run(fields, scratch / "fields", *options, explore=False)
    found = run.of("test-failure")
    ok(
        len(found) == 1 and found[0]["count"] > 2,
        "threads that overlap are stopped for a moment where they use one variable",
        run.words(),
    )


if __name__ == "__main__":
    sys.exit(main())
