"""A long life: hundreds of threads, memory that is used again, what moves from thread to thread.

All of it is correct but for one line. Memory is looked at by the script itself.
"""

import collections
import itertools
import operator
import queue
import threading
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

GROUPS, THREADS = 40, 8
GROWTH = 40  # MB, of what is 100 at the beginning

lock = threading.Lock()
total = late = 0


class Node:
    def __init__(self, value: int) -> None:
        self.value = value
        self.next: Node | None = None


class State:
    def __init__(self) -> None:
        self.steps = self.depth = 0
        self.seen: dict[Any, int] = {}
        self.keys: set[Any] = set()
        self.data = bytearray(4)
        self.jobs: collections.deque[int] = collections.deque()


class Unhashed:
    def __hash__(self) -> int:
        return 7

    def __eq__(self, other: object) -> bool:
        raise LookupError


def own_work() -> None:
    """What a thread does with objects of its own, whose memory others have had before."""
    global total
    head: Node | None = None
    sums: dict[int, int] = {}
    for value in range(40):
        node = Node(value)
        node.next, head = head, node
    while head is not None:
        sums[head.value] = sums.get(head.value, 0) + 1
        head = head.next
    with lock:
        total += len(sums)


def in_groups() -> None:
    for _ in range(GROUPS):
        threads = [threading.Thread(target=own_work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def numbers(state: State) -> Generator[int]:
    while True:
        state.steps += 1
        yield state.steps


async def turns(state: State) -> None:
    while True:
        state.steps += 1
        await Turn()


class Turn:
    def __await__(self) -> Generator[None]:
        yield


def deeper(state: State, more: int) -> int:
    state.depth += 1
    try:
        return deeper(state, more - 1) if more else [][more]
    finally:
        state.depth -= 1


def attempts(state: State) -> None:
    """Each raises an exception, out of what is looked at."""
    data: Any = state.data
    ways = (
        lambda: deeper(state, 100),
        lambda: state.seen.update({Unhashed(): 1, Unhashed(): 2}),
        lambda: state.keys.update([Unhashed(), Unhashed()]),
        lambda: state.keys.remove("none"),
        lambda: state.seen["none"],
        lambda: operator.setitem(state.data, 99, 1),
        lambda: operator.setitem(data, "x", 1),
        lambda: state.jobs.popleft(),
        lambda: state.jobs[9],
        lambda: operator.attrgetter("missing")(state),
    )
    for way in ways:
        try:
            way()
        except (LookupError, TypeError, AttributeError):
            state.steps += 1


def hand_on(taken: queue.Queue[Any], given: queue.Queue[Any]) -> None:
    while (item := taken.get()) is not None:
        state, generator, coroutine = item
        next(generator)
        coroutine.send(None)
        attempts(state)
        given.put(item)
    given.put(None)


def in_a_row() -> None:
    """Generators and coroutines go through four threads."""
    queues: list[queue.Queue[Any]] = [queue.Queue() for _ in range(5)]
    threads = [threading.Thread(target=hand_on, args=pair) for pair in itertools.pairwise(queues)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        state = State()
        coroutine: Coroutine[Any, Any, None] = turns(state)
        queues[0].put((state, numbers(state), coroutine))
    queues[0].put(None)
    while (item := queues[-1].get()) is not None:
        item[2].close()
        assert item[0].steps == 4 * (2 + 10), item[0].steps
    for thread in threads:
        thread.join()


def wrong() -> None:
    global late
    late += 1


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024


in_groups()
in_a_row()
before = resident()
in_groups()
in_a_row()
grown = resident() - before
assert grown < GROWTH, grown
assert total == 2 * GROUPS * THREADS * 40, total
threads = [threading.Thread(target=wrong) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
