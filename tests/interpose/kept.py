"""Memory that is used after it was freed, where nothing but --memory=deep sees it.

    kept.py CASE [held|whole] [in_order]

held: whoever uses it has a reference of its own; whole: all eight bytes that ThreadSanitizer keeps
together are used. in_order: another thread uses it, and waits for the free. churn: threads make,
share, read and drop objects of many types, correctly.
"""

import array
import ctypes
import gc
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

FIRST = 32  # of the first byte behind the header of an object
ITEMS = 40  # offset of a list's pointer to its items
seen = ctypes.create_string_buffer(8)


class Slots:
    __slots__ = ("x", "y")


def pointer(address: int) -> int:
    return ctypes.c_size_t.from_address(address).value


def case_bytes() -> tuple[Any, int]:
    made = str(sys.path).encode()
    return made, id(made) + 60


def case_slots() -> tuple[Any, int]:
    made = Slots()
    return made, id(made) + FIRST


# Of these CPython has free lists.
def case_list() -> tuple[Any, int]:
    made = [sys.path]
    return made, id(made) + ITEMS


def case_float() -> tuple[Any, int]:
    made = float(len(sys.path)) + 0.25
    return made, id(made) + FIRST


def case_tuple() -> tuple[Any, int]:
    made = (sys.path, seen)
    return made, id(made) + 40


def case_dict() -> tuple[Any, int]:
    made = {"x": sys.path}
    return made, id(made) + FIRST


def case_items() -> tuple[Any, int]:
    made = list(range(50))
    return made, pointer(id(made) + ITEMS) + 8


def case_moved() -> tuple[Any, int]:
    made = array.array("B", bytes(1000))
    return made, made.buffer_info()[0] + 500


def let_go(box: list[Any]) -> None:
    made = box.pop()
    if case == "moved":
        if how == "held":
            memoryview(made)
        else:
            made.extend(bytes(5000))


def use(address: int) -> None:
    ctypes.memmove(seen, address & ~7, 8 if how == "whole" else 4)


def alone() -> None:
    """One thread lets go and uses."""
    made, address = make()
    box = [made]
    held = made if how == "held" else None
    del made
    let_go(box)
    use(address)
    del held


def in_order() -> None:
    """One thread lets go, and another one is told so, under a lock, and uses it then."""
    made, address = make()
    box, held, lock = [made], made if how == "held" else None, threading.Lock()
    del made

    def first() -> None:
        with lock:
            let_go(box)

    def second() -> None:
        with lock:
            use(address)

    for body in (first, second):
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
    del held


class Node:
    def __init__(self) -> None:
        self.next: Any = self  # a cycle
        self.data = array.array("B", bytes(100))


def churn() -> None:
    items: list[Any] = [[n] for n in range(16)]
    table: dict[Any, Any] = {n: [n] for n in range(16)}
    node = Node()

    def body(number: int) -> None:
        for n in range(1200):
            items[n & 7] = [n, (n, number), n + 0.5, {n: number}]
            table[n & 15] = (n, n)
            table[number, n] = n
            table.pop((number, n))
            node.data = array.array("B", bytes(n % 300))
            setattr(node, f"y{n % 40}", str(n) * 3)
            _ = items[n & 7], table.get(n & 15), node.data, getattr(node, f"y{n % 40}", None)
            reference = weakref.ref(node)
            _ = [reference(), *items, *table.values()]
            if n % 50 == 0:
                _ = [Node() for _ in range(20)]
            if n % 400 == 0:
                gc.collect()

    threads = [threading.Thread(target=body, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


case, how, order = (*sys.argv[1:], "", "", "")[:3]
make: Callable[[], tuple[Any, int]] = globals().get(f"case_{case}", case_bytes)
if case == "churn":
    churn()
elif order == "in_order":
    in_order()
else:
    alone()
os._exit(0)
