"""python -m ftstress_driver.pairs.evidence CORPUS PAIR [--seconds N] [--threads N]

What a race does: both operations of a pair, by threads that really overlap, again and again on
objects that they share, in whatever interpreter runs this: the plain one, as a user has it.

Prints one JSON line: {"rounds":N,"wrong":{"SystemError: ...":times}}. A crash is this process' own
end, a hang is for the caller to notice. Wrong are the exceptions that no order of correct calls
gives: SystemError and MemoryError.
"""

import argparse
import gc
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from . import calls
from .corpus import Corpus, Operation

OBJECTS = 40
REPEATS = 25
Call = tuple[calls.Function, object, tuple[Any, ...]]


def loop(
    maker: calls.Maker, sides: list[list[Operation]], seconds: float, threads: int
) -> dict[str, Any]:
    """Overlapping calls until the time is over."""
    wrong: Counter[str] = Counter()
    rounds = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        objects = _objects(maker)
        work = [
            [_prepared(maker, step, o) for o in objects for step in sides[i % len(sides)]]
            for i in range(threads)
        ]
        gate = threading.Barrier(threads)
        told: list[Counter[str]] = [Counter() for _ in range(threads)]
        running = [
            threading.Thread(target=_body, args=(gate, work[i], told[i])) for i in range(threads)
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


def _objects(maker: calls.Maker) -> list[object]:
    return [maker.make() for _ in range(OBJECTS)]


def _prepared(maker: calls.Maker, operation: Operation, o: object) -> Call:
    return maker.function(operation), o, maker.arguments(operation, o)


def _body(gate: threading.Barrier, work: list[Call], told: Counter[str]) -> None:
    gate.wait()
    for function, target, args in work:
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
    arguments = made.parse_args()
    name, _, pair = arguments.pair.partition("::")
    corpus = Corpus.load(arguments.corpus)
    kind = next((kind for kind in corpus.types if kind.name == name), None)
    if kind is None:
        sys.exit(f"{name}: no such type in {arguments.corpus}")
    by_name = {operation.name: operation for operation in kind.operations}
    sides = [[by_name[step] for step in side.split(";")] for side in pair.split("|")]
    sys.unraisablehook = lambda unraisable: None
    maker = calls.open_type(kind, arguments.corpus, calls.namespace())
    print(json.dumps(loop(maker, sides, arguments.seconds, arguments.threads)), flush=True)
    return 0


if __name__ == "__main__":
    status = main()
    os._exit(status)
