"""Runs the bodies of a test in threads.

The happens-before edges that this makes are part of the instrument: what the harness orders, no
race detector can report. So the threads meet once, before the bodies, and never again:

    main:      start 0 .. T-1                                        join 0 .. T-1
    thread i:        \\_ barrier _ offset(i) _ body(i) _ own cell _/

Nothing is shared between the barrier and the join but what the bodies share. Where the threads
take turns (turns.py), entering the turns is the barrier. Then they also come up and end one by one,
so that each gets the same memory in each run, and all live until the last has done its work: what
a thread has done is forgotten when it ends. threading.Thread, not _thread, because only it hands
the context (and with it, from 3.14 on, warning filters) down; its bookkeeping runs before the
barrier and after the body.
"""

import functools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from .turns import OneByOne, Place, Schedule, Turns

Body = Callable[[], object]

MAX_OFFSET = 300e-6
"""Seconds by which a thread's body starts late, at most."""


class _Worker(threading.Thread):
    """One thread, its body and what it raised."""

    error: BaseException | None = None

    def __init__(self, index: int, prepare: Body, body: Body, meet: Body, part: Body) -> None:
        """prepare is called first; meet before the body, and may call it off with
        BrokenBarrierError; part after it."""
        super().__init__(name=f"ftstress-{index}")
        self.index = index
        self._prepare = prepare
        self._body = body
        self._meet = meet
        self._part = part

    def run(self) -> None:
        try:
            _own_decimal_context()
            self.error = _call(self._prepare)
            try:
                self._meet()  # also if that failed: the others wait for this thread
            except threading.BrokenBarrierError:
                return
            if self.error is None:
                self._body()
        except BaseException as error:
            self.error = error
        finally:
            self._part()


@dataclass(frozen=True)
class _Meeting:
    """How the threads of a test begin and end together."""

    threads: Sequence[tuple[Body, Body]]
    """What each calls before and after its body."""
    abort: Body
    """Tells those that have come that not all will."""
    started: Callable[[int], None] = lambda count: None
    """Called when so many threads have been started."""
    run: Body = lambda: None
    """Called when all have been started."""
    ending: Callable[[int], None] = lambda index: None
    """Called before this thread is joined."""


def run_bodies(
    bodies: Sequence[Body],
    rng: random.Random,
    turns: Schedule = None,
    prepare: Callable[[int], object] = lambda index: None,
) -> list[BaseException | None]:
    """Runs every body once, each in a thread of its own, started together.

    rng     decides the order of thread starts and each body's start offset, or place in the turns
    turns   how the threads follow each other; None: they overlap
    prepare called by each thread with its index, before the threads meet
    Returns what each body, or its thread's preparation, raised, by its index, or None.
    Raises RuntimeError when a thread can't be started; no body runs then.
    """
    with _meeting(len(bodies), rng, turns) as meeting_:
        workers = [
            _Worker(i, functools.partial(prepare, i), body, meet, part)
            for i, (body, (meet, part)) in enumerate(zip(bodies, meeting_.threads, strict=True))
        ]
        order = list(workers)
        rng.shuffle(order)
        started: list[_Worker] = []
        try:
            for worker in order:
                worker.start()
                started.append(worker)
                meeting_.started(len(started))
            meeting_.run()
        except BaseException:
            meeting_.abort()
            raise
        finally:
            for worker in started:
                meeting_.ending(worker.index)
                worker.join()
        return [worker.error for worker in workers]


def run_alone(body: Body, turns: Schedule = None) -> list[BaseException | None]:
    """Runs one body in the calling thread; returns as run_bodies()."""
    with alone(turns):
        return [_call(body)]


@contextmanager
def alone(turns: Schedule) -> Iterator[None]:
    """The calling thread takes turns with the threads that it starts here."""
    if not isinstance(turns, Turns):
        yield
        return
    with turns.of(1, random.Random(0), in_threads=False) as (place,):
        place.enter()
        try:
            yield
        finally:
            place.leave()


def _own_decimal_context() -> None:
    """The context that a thread inherits has decimal's in it: threads that compute with decimals
    write to one object (python/cpython#141148), which the tests of a package can't help."""
    decimal = sys.modules.get("decimal")
    if decimal:
        decimal.setcontext(decimal.getcontext().copy())


def _call(body: Body) -> BaseException | None:
    try:
        body()
    except BaseException as error:
        return error
    return None


def _meeting(count: int, rng: random.Random, turns: Schedule) -> AbstractContextManager[_Meeting]:
    if turns is None:
        return _overlapping(count, rng)
    return _one_by_one(count) if isinstance(turns, OneByOne) else _turns(count, rng, turns)


@contextmanager
def _one_by_one(count: int) -> Iterator[_Meeting]:
    done = threading.Semaphore(0)

    def wait(started: int) -> None:
        del started
        done.acquire()

    yield _Meeting([(lambda: None, done.release)] * count, lambda: None, wait)


@contextmanager
def _overlapping(count: int, rng: random.Random) -> Iterator[_Meeting]:
    barrier = threading.Barrier(count)

    def meet(offset: float) -> Body:
        def wait() -> None:
            barrier.wait()
            if offset:
                _spin(offset)

        return wait

    yield _Meeting([(meet(offset), lambda: None) for offset in _offsets(count, rng)], barrier.abort)


@contextmanager
def _turns(count: int, rng: random.Random, turns: Turns) -> Iterator[_Meeting]:
    called_off = False

    def meet(enter: Body) -> Body:
        def wait() -> None:
            enter()
            if called_off:
                raise threading.BrokenBarrierError

        return wait

    def abort() -> None:
        nonlocal called_off
        called_off = True
        turns.end()

    def part(place: Place) -> Body:
        def leave() -> None:
            place.leave()
            place.stay()

        return leave

    with turns.of(count, rng) as places:
        yield _Meeting(
            [(meet(place.enter), part(place)) for place in places],
            abort,
            turns.entered,
            turns.run,
            lambda index: turns.let_go(places[index]),
        )


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
