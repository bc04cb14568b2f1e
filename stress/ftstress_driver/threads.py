"""Runs the bodies of a test in threads.

The happens-before edges that this makes are part of the instrument: what the harness orders, no
race detector can report. So the threads meet once, before the bodies, and never again:

    main:      start 0 .. T-1                                        join 0 .. T-1
    thread i:        \\_ barrier _ offset(i) _ body(i) _ own cell _/

Nothing is shared between the barrier and the join but what the bodies share. threading.Thread,
not _thread, because only it hands the context (and with it, from 3.14 on, warning filters) down;
its bookkeeping runs before the barrier and after the body.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence

Body = Callable[[], object]

MAX_OFFSET = 300e-6
"""Seconds by which a thread's body starts late, at most."""


class _Worker(threading.Thread):
    """One thread, its body and what it raised."""

    error: BaseException | None = None

    def __init__(self, index: int, body: Body, barrier: threading.Barrier, offset: float) -> None:
        super().__init__(name=f"ftstress-{index}")
        self._body = body
        self._barrier = barrier
        self._offset = offset

    def run(self) -> None:
        try:
            self._barrier.wait()
        except threading.BrokenBarrierError:
            return
        try:
            if self._offset:
                _spin(self._offset)
            self._body()
        except BaseException as error:
            self.error = error


def run_bodies(bodies: Sequence[Body], rng: random.Random) -> list[BaseException | None]:
    """Runs every body once, each in a thread of its own, started together.

    rng     decides the order of thread starts and each body's start offset
    Returns what each body raised, by its index, or None.
    Raises RuntimeError when a thread can't be started; no body runs then.
    """
    barrier = threading.Barrier(len(bodies))
    offsets = _offsets(len(bodies), rng)
    workers = [_Worker(i, body, barrier, offsets[i]) for i, body in enumerate(bodies)]
    order = list(workers)
    rng.shuffle(order)
    started: list[_Worker] = []
    try:
        for worker in order:
            worker.start()
            started.append(worker)
    except RuntimeError:
        barrier.abort()
        raise
    finally:
        for worker in started:
            worker.join()
    return [worker.error for worker in workers]


def run_alone(body: Body) -> list[BaseException | None]:
    """Runs one body in the calling thread; returns as run_bodies()."""
    try:
        body()
    except BaseException as error:
        return [error]
    return [None]


def _offsets(count: int, rng: random.Random) -> list[float]:
    """Half of the tests start at once, the others each body up to MAX_OFFSET late."""
    if rng.random() < 0.5:
        return [0.0] * count
    return [rng.random() * MAX_OFFSET for _ in range(count)]


def _spin(seconds: float) -> None:
    """Waits without a system call: sleeping would let the other thread finish first."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
