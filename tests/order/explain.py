"""Which acquires ordered thread B's work after thread A's, round by round: the last one of the
chain is taken away before the next round.

    explain.py FILE [ROUNDS [verbose]]

FILE is edge_trace.c's, with its FILE.maps beside it. With FROM=1 in the environment A's work counts
from the beginning of its call, else from its end."""

import bisect
import functools
import os
import struct
import subprocess
import sys
from typing import NamedTuple

LOAD, STORE, READ_MODIFY_WRITE, MARK = 0, 1, 2, 9
ACQUIRES, RELEASES = (1, 2, 4, 5), (3, 4, 5)  # C11's memory orders; 1 is consume


class Event(NamedTuple):
    address: int
    pc: int
    caller: int
    thread: int
    kind: int
    order: int
    size: int
    spare: int


class Mapping(NamedTuple):
    low: int
    high: int
    path: str


def read_maps(path):
    maps, base = [], {}
    with open(path) as lines:
        for line in lines:
            fields = line.split()
            if len(fields) >= 6 and fields[5].startswith("/"):
                low, high = (int(x, 16) for x in fields[0].split("-"))
                maps.append(Mapping(low, high, fields[5]))
                base.setdefault(fields[5], low - int(fields[2], 16))
    return maps, base


class Names:
    """What addresses are called."""

    def __init__(self, path):
        self.maps, self.base = read_maps(path)
        self.function = functools.cache(self._function)
        self.symbols = functools.cache(self._symbols)

    def mapping(self, address):
        return next((m for m in self.maps if m.low <= address < m.high), None)

    def _symbols(self, path):
        command = ["nm", "-n", "--defined-only", path]
        text = subprocess.run(command, capture_output=True, text=True).stdout
        rows = (line.split() for line in text.splitlines())
        return [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tTwW"]

    def _function(self, pc):
        mapping = self.mapping(pc)
        if not mapping:
            return hex(pc)
        table = self.symbols(mapping.path)
        i = bisect.bisect(table, (pc - 1 - self.base[mapping.path], "~")) - 1
        library = "" if "libpython" in mapping.path else f"[{os.path.basename(mapping.path)[:20]}]"
        return (table[i][1] if i >= 0 else "?") + library

    def line(self, pc):
        mapping = self.mapping(pc)
        if not mapping:
            return hex(pc)
        offset = hex(pc - 1 - self.base[mapping.path])
        command = ["llvm-symbolizer-22", "-e", mapping.path, "--inlines", "-s", offset]
        out = subprocess.run(command, capture_output=True, text=True).stdout.split("\n")
        return " < ".join(
            out[i] + "@" + ":".join(out[i + 1].split(":")[:2])
            for i in range(0, min(12, len(out) - 2), 2)
        )

    def data(self, address):
        mapping = self.mapping(address)
        if not mapping:
            return "heap"
        return f"{os.path.basename(mapping.path)}+{address - self.base[mapping.path]:#x}"


def chain_into(b, events, a, removed, edge_name):
    """The (release, acquire) pairs that lead from thread `a` to thread `b`, or None."""
    know, released = {a: []}, {}
    for event in events:
        reads = event.kind in (LOAD, READ_MODIFY_WRITE) and event.order in ACQUIRES
        writes = event.kind in (STORE, READ_MODIFY_WRITE) and event.order in RELEASES
        if reads and event.address in released and event.thread not in know:
            chain, release = released[event.address]
            if edge_name(release, event) not in removed:
                know[event.thread] = [*chain, (release, event)]
                if event.thread == b:
                    return know[b]
        if writes:
            if event.thread in know:
                released[event.address] = know[event.thread], event
            elif event.kind == STORE:
                released.pop(event.address, None)
    return None


class Trace:
    """What edge_trace.c wrote, from `first` on: 1 is where A's call began, 2 where it ended."""

    def __init__(self, path, first):
        with open(path, "rb") as file:
            data = file.read()
        rows = struct.iter_unpack("<QQQIBBBB", data[: len(data) // 32 * 32])
        events = [Event(*row) for row in rows]
        self.names = Names(path + ".maps")
        marks = {e.address: i for i, e in reversed(list(enumerate(events))) if e.kind == MARK}
        self.a, self.b = events[marks[first]].thread, events[marks[4]].thread
        self.main = events[0].thread
        self.between = [e for e in events[marks[first] : marks[4]] if e.kind != MARK]

    def edge_name(self, release, acquire):
        return self.names.function(acquire.pc), self.names.function(release.pc)

    def chains(self, rounds):
        """Round by round, the chain that led from A to B; ends when there is none."""
        removed = set()
        for _ in range(rounds):
            chain = chain_into(self.b, self.between, self.a, removed, self.edge_name)
            if chain is None:
                return
            yield chain
            removed.add(self.edge_name(*chain[-1]))


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    verbose = len(sys.argv) > 3
    trace = Trace(sys.argv[1], int(os.environ.get("FROM", "2")))
    names = trace.names
    threads = {trace.a: "A", trace.b: "B"}
    threads.setdefault(trace.main, "M")

    def told(event):
        thread = threads.setdefault(event.thread, f"T{len(threads)}")
        return thread, f"{names.function(event.pc)} <- {names.function(event.caller)}"

    number = 0
    for chain in trace.chains(rounds):
        print("round", number, "chain of", len(chain))
        number += 1
        for release, acquire in chain:
            (giver, given), (taker, taken) = told(release), told(acquire)
            where = f"{names.data(release.address)}/{release.size}"
            print(f"   {giver} rel {given}   ->  {taker} acq {taken}   {where}")
            if verbose:
                print("        ", names.line(release.pc))
                print("        ", names.line(acquire.pc))
    if number < rounds:
        print("round", number, "B IS NOT ORDERED AFTER A")


if __name__ == "__main__":
    main()
