"""python -m ftstress_driver.pairs.evidence CORPUS PAIR [--seconds N] [--threads N] [--alone]

What a race does: both operations of a pair, by threads that really overlap, again and again on
objects that they share, in whatever interpreter runs this: the plain one, as a user has it.

Before that, one thread makes the same calls, in a forked child: what crashes or hangs there, too,
is no matter of threads. --alone is for this only.

Prints one JSON line: {"rounds":N,"wrong":{"SystemError: ...":times}}, or {"alone":"SIGSEGV"}. A
crash is this process' own end, a hang is for the caller to notice. Wrong are the exceptions that no
order of correct calls gives: SystemError and MemoryError.
"""

import argparse
import contextlib
import gc
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

from . import calls
from .corpus import Corpus, Side, sides_of

OBJECTS = 40
SECONDS_ALONE = 5
REPEATS = 25
Call = tuple[calls.Function, object, tuple[Any, ...]]


def loop(maker: calls.Maker, sides: list[Side], seconds: float, threads: int) -> dict[str, Any]:
    """Overlapping calls until the time is over."""
    wrong: Counter[str] = Counter()
    rounds = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        objects = _objects(maker, sides)
        work = [_work(maker, sides, i, objects) for i in range(threads)]
        gate = threading.Barrier(threads)
        told: list[Counter[str]] = [Counter() for _ in range(threads)]
        running = [
            threading.Thread(target=_body, args=(gate.wait, work[i], told[i], end))
            for i in range(threads)
        ]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        for one in told:
            wrong.update(one)
        rounds += 1
        del objects, work
        gc.collect()
    return {"rounds": rounds, "wrong": dict(wrong.most_common(5))}


def alone(maker: calls.Maker, sides: list[Side]) -> str | None:
    """How a child ends that makes the calls of both sides in one thread; None: well."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS_ALONE)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the package prints is no answer
        for order in (sides, sides[::-1]):
            with contextlib.suppress(Exception):
                work = _work_of_one(maker, order)
                _body(lambda: None, work, Counter(), time.monotonic() + SECONDS_ALONE / 3)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code > 0:
        return f"exit status {code}"
    return signal.Signals(-code).name if code < 0 else None


def _work_of_one(maker: calls.Maker, sides: list[Side]) -> list[Call]:
    """The calls of all sides, on the same objects, in turns."""
    objects = _objects(maker, sides)
    each = [_work(maker, sides, number, objects) for number in range(len(sides))]
    return [call for row in zip_longest(*each) for call in row if call is not None]


def _objects(maker: calls.Maker, sides: list[Side]) -> list[tuple[object, object | None]]:
    """Fresh ones: iterators near their end, too; in twos where calls take another object."""
    steps = [step for side in sides for step in side.steps]
    crossed = any(calls.hands_over_another(step) for step in steps)
    items = maker.kind.items
    made: list[tuple[object, object | None]] = []
    for i in range(OBJECTS):
        near_the_end = items >= 0 and i % 2
        o = maker.few_left(min(items, i // 2 % 2)) if near_the_end else maker.make()
        made.append((o, maker.make() if crossed and i % 2 else None))
    return made


def _work(
    maker: calls.Maker, sides: list[Side], thread: int, objects: list[tuple[object, object | None]]
) -> list[Call]:
    """The calls of a thread."""
    side = sides[thread % len(sides)]
    work: list[Call] = []
    for o, other in objects:
        if other is not None and thread % len(sides):
            o, other = other, o
        target = maker.relative(side.relative, o) if side.relative else o
        work += [
            (maker.function(step), target, maker.arguments(step, target, other))
            for step in side.steps
        ]
    return work


def _body(meet: Callable[[], object], work: list[Call], told: Counter[str], end: float) -> None:
    """Until time.monotonic() is `end`: what goes on after it is a call that does not come back, and
    not many slow ones."""
    meet()
    for function, target, args in work:
        if time.monotonic() >= end:
            break
        for _ in range(REPEATS):
            try:
                function(target, args)
            except (SystemError, MemoryError) as error:
                told[f"{type(error).__name__}: {error}"[:100]] += 1
            except Exception:
                continue


def main() -> int:
    """Returns the exit status."""
    made = argparse.ArgumentParser(prog="python -m ftstress_driver.pairs.evidence")
    made.add_argument("corpus", type=Path)
    made.add_argument("pair")
    made.add_argument("--seconds", type=float, default=1.0)
    made.add_argument("--threads", type=int, default=4)
    made.add_argument("--alone", action="store_true")
    arguments = made.parse_args()
    name, _, pair = arguments.pair.partition("::")
    corpus = Corpus.load(arguments.corpus)
    kind = next((kind for kind in corpus.types if kind.name == name), None)
    if kind is None:
        sys.exit(f"{name}: no such type in {arguments.corpus}")
    sides = sides_of(kind, pair)
    sys.unraisablehook = lambda unraisable: None
    maker = calls.open_type(kind, arguments.corpus, calls.namespace())
    end = alone(maker, sides)
    if end is not None:
        print(json.dumps({"alone": end}), flush=True)
        return 0
    if arguments.alone:
        print(json.dumps({}), flush=True)
        return 0
    print(json.dumps(loop(maker, sides, arguments.seconds, arguments.threads)), flush=True)
    return 0


if __name__ == "__main__":
    status = main()
    os._exit(status)
