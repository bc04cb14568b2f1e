"""python -m ftstress_driver.pairs.results CORPUS [--type T ...] [--seconds N]

Results that no order of two calls explains. Both calls of a pair are made at once, again and again,
each time on a fresh object. What they gave, and what the object holds afterwards, must be what one
of the two orders gives, one call after the other. Two tickets with the same number are not, and
show in no data race if each access is atomic.

    take | take    0, 1, 2 left over    (the first before the second)
                   1, 0, 2 left over    (the second before the first)
                   0, 0, 1 left over    wrong

Runs in whatever interpreter this is: the plain one, as a user has it. Looked at are pairs of a
type's own methods, attributes and slots of which one at least changes the object. Left out is what
promises no such thing: what walks the object (list, copy, pickle), what functions do with it, what
differs from one time to the next; and exceptions: to refuse a call because of the other is fair.

Prints one JSON line: {"pairs":N,"tried":N,"wrong":[{"pair":...,"got":...,"orders":[...]}]}. The
calls are made in a forked child; one that crashes or hangs costs the pair at which it did.
"""

import argparse
import contextlib
import gc
import itertools
import json
import os
import random
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import calls
from .corpus import Corpus, Operation, Type
from .survey import isolate, state_of
from .types_of import CONTAINERS

BATCHES, FEW_BATCHES = 80, 3
"""Where both calls change the object, and where one only reads."""
SPINS = 4000
PATIENCE = 200_000
"""Looks at where the other thread is, in a batch."""
MOST_DELAY = 12
OBJECTS = 48
"""Of a batch: both threads go through them in step, a call each on every one."""
SECONDS, FEW_SECONDS = 0.5, 0.04
"""At most, for these."""
REPEATS = 3
"""Of each order, to see whether it gives the same each time."""
CHECKS = 40
"""Of each order, before something is called wrong."""
STUCK = 5.0
NOT_AT_ONCE = frozenset(
    ["copy", "deepcopy", "pickle", "str", "repr", "list", "bytes", "view", "in", "sizeof", "iter"]
)
"""These walk the object, or tell of it what need not be all of one moment."""

Call = tuple[calls.Function, object, tuple[Any, ...]]
Result = tuple[str, ...]


def pairs_of(kind: Type) -> list[tuple[Operation, Operation]]:
    """The pairs of a type that are looked at; a list's own methods are the interpreter's."""
    if kind.container or kind.name in CONTAINERS:
        return []
    fit = [
        o
        for o in kind.returning
        if not o.taker and o.name != "__init__" and "." not in o.name and o.name not in NOT_AT_ONCE
    ]
    return [
        (one, two)
        for one, two in itertools.combinations_with_replacement(fit, 2)
        if one.changes or two.changes
    ]


def _value(value: object, depth: int = 0) -> str:
    """What can be compared of a result."""
    if isinstance(value, _Raised):
        return f"raises {value}"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if type(value) in (tuple, list) and depth < 3:
        return f"({', '.join(_value(item, depth + 1) for item in value)})"  # type: ignore[attr-defined]
    return type(value).__name__


def _run(work: list[Call]) -> list[object]:
    """What the calls give; of an exception its type."""
    return _run_in_step(work, [0], [len(work)], [0] * len(work))


def _run_in_step(
    work: list[Call], reached: list[int], others: list[int], delays: list[int]
) -> list[object]:
    """The same, each call together with the other thread's, but for a few moments."""
    got: list[object] = []
    patience = PATIENCE
    for number, (function, o, arguments) in enumerate(work):
        reached[0] = number
        while others[0] < number and patience:
            patience -= 1  # the other may have no core
        delay = delays[number]
        while delay:
            delay -= 1
        try:
            got.append(function(o, arguments))
        except Exception as error:
            got.append(_Raised(type(error).__name__))
    reached[0] = len(work)
    return got


class _Raised(str):
    __slots__ = ()


class Trial:
    """One pair of a type."""

    def __init__(self, maker: calls.Maker, one: Operation, two: Operation) -> None:
        self._maker = maker
        self._operations = (one, two)
        both = one.changes and two.changes
        self.batches = BATCHES if both else FEW_BATCHES
        self.seconds = SECONDS if both else FEW_SECONDS

    def calls(self) -> tuple[object, Call, Call]:
        maker = self._maker
        o = maker.make()
        one, two = (
            (maker.function(operation), o, maker.arguments(operation, o))
            for operation in self._operations
        )
        return o, one, two

    def orders(self, repeats: int) -> set[Result] | None:
        """What both orders give; None if that differs from one time to the next."""
        found: set[Result] = set()
        alive: list[object] = []  # the next one is at another address, and has another hash
        for swap in (False, True):
            same: set[Result] = set()
            for _ in range(repeats):
                o, one, two = self.calls()
                alive.append(o)
                first, second = reversed(_run([two, one])) if swap else _run([one, two])
                same.add(_result(o, first, second))
            if len(same) > 1:
                return None
            found |= same
        return found


def _result(o: object, first: object, second: object) -> Result:
    return _value(first), _value(second), repr(state_of(o))


class Partner:
    """A thread that makes its calls while this one makes others. It spins meanwhile: to wake up
    takes longer than a call."""

    def __init__(self) -> None:
        self._offered = self._done = 0
        self._reached: tuple[list[int], list[int]] = ([0], [0])
        self._work: tuple[list[Call], list[int]] = ([], [])
        self._got: list[object] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def both(
        self, mine: list[Call], others: list[Call], rng: random.Random
    ) -> tuple[list[object], list[object]]:
        """What both threads' calls give."""
        delays = [[rng.randrange(MOST_DELAY) for _ in mine] for _ in range(2)]
        self._reached = ([-1], [-1])
        self._work = (others, delays[1])
        number = self._offered = self._offered + 1
        got = _run_in_step(mine, self._reached[0], self._reached[1], delays[0])
        while self._done != number:
            time.sleep(0)
        return got, self._got

    def _serve(self) -> None:
        seen = spins = 0
        while True:
            if self._offered == seen:
                spins += 1
                if spins % SPINS == 0:
                    time.sleep(0)
                continue
            seen = self._offered
            work, delays = self._work
            self._got = _run_in_step(work, self._reached[1], self._reached[0], delays)
            self._done = seen


def _is_wrong(trial: Trial, orders: set[Result], got: Result) -> bool:
    again = trial.orders(CHECKS)
    return again is not None and got not in again | orders


def try_pair(
    trial: Trial, partner: Partner, rng: random.Random
) -> tuple[Result, set[Result]] | None:
    """What came of the calls that no order explains, and what the orders give."""
    orders = trial.orders(REPEATS)
    if orders is None:
        return None
    known = {part for result in orders for part in result[:2]}
    end = time.monotonic() + trial.seconds
    for _ in range(trial.batches):
        made = [trial.calls() for _ in range(OBJECTS)]
        firsts, seconds = partner.both(
            [one for _, one, _ in made], [two for _, _, two in made], rng
        )
        for (o, _, _), first, second in zip(made, firsts, seconds, strict=True):
            got = _result(o, first, second)
            refused = any(part.startswith("raises ") and part not in known for part in got[:2])
            if got not in orders and not refused and _is_wrong(trial, orders, got):
                return got, orders
        if time.monotonic() >= end:
            break
    return None


def _child(corpus: Corpus, folder: Path, work: list[tuple[Type, Operation, Operation]]) -> None:
    gc.disable()
    partner = Partner()
    makers: dict[str, calls.Maker] = {}
    for number, (kind, one, two) in enumerate(work):
        os.write(3, json.dumps({"at": number}).encode() + b"\n")
        if kind.name not in makers:
            gc.collect()  # off meanwhile: it stops the threads
            makers = {kind.name: calls.open_type(kind, folder, calls.namespace())}
        rng = random.Random(f"{kind.name}::{one.name}|{two.name}")
        with contextlib.suppress(Exception):
            found = try_pair(Trial(makers[kind.name], one, two), partner, rng)
            if found:
                got, orders = found
                told = {
                    "pair": f"{kind.name}::{one.name}|{two.name}",
                    "got": _told(got),
                    "orders": sorted(_told(order) for order in orders),
                }
                os.write(3, json.dumps(told).encode() + b"\n")


def _told(result: Result) -> str:
    return f"{result[0]} and {result[1]}, then {result[2]}"[:300]


def _lines(pid: int, reader: int, end: float) -> Iterator[dict[str, Any]]:
    """What a child says, until it is over, stuck or out of time."""
    rest = b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while True:
            ready, _, _ = select.select(
                [pipe], [], [], max(0.0, min(STUCK, end - time.monotonic()))
            )
            data = pipe.read(1 << 16) if ready else b""
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                yield json.loads(line)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def look(corpus: Corpus, folder: Path, types: list[str], seconds: float) -> dict[str, Any]:
    """All pairs of the types, as far as the time goes."""
    work = [
        (kind, one, two)
        for kind in corpus.types
        if not types or kind.is_one_of(types)
        for one, two in pairs_of(kind)
    ]
    # Those first in which both change it, and again later, when the threads may have other cores;
    # each type's together, for it takes long to open one.
    pairs = len(work)
    both = [pair for pair in work if pair[1].changes and pair[2].changes]
    work = [
        *both,
        *(pair for pair in work if not (pair[1].changes and pair[2].changes)),
        *both,
        *both,
    ]
    end = time.monotonic() + seconds
    wrong: list[dict[str, Any]] = []
    tried = 0
    while tried < len(work) and time.monotonic() < end:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reader)
                isolate(writer, Path(tempfile.mkdtemp()))
                _child(corpus, folder, work[tried:])
            finally:
                os._exit(0)
        os.close(writer)
        reached = 0
        for said in _lines(pid, reader, end):
            if "at" in said:
                reached = said["at"]
            elif said["pair"] not in {other["pair"] for other in wrong}:
                wrong.append(said)
        tried += reached + 1
    return {"pairs": pairs, "tried": min(tried, pairs), "wrong": wrong}


def main() -> int:
    """Returns the exit status."""
    made = argparse.ArgumentParser(prog="python -m ftstress_driver.pairs.results")
    made.add_argument("corpus", type=Path)
    made.add_argument("--type", action="append", default=[])
    made.add_argument("--seconds", type=float, default=60.0)
    arguments = made.parse_args()
    corpus = Corpus.load(arguments.corpus)
    print(json.dumps(look(corpus, arguments.corpus.resolve(), arguments.type, arguments.seconds)))
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
