"""One thread makes memory and frees it, another one looks at it, and nothing orders the two.

    freed.py CASE [held|head]
    freed.py churn

held: the one that looks has a reference of its own, or a view, under which nothing moves; head: it
looks at the header of the object, as _Py_TryIncref() does; churn: threads read lists, dicts and
attributes without a lock while others change them.
"""

import array
import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

ITEMS = 40  # offset of a list's pointer to its items
FIRST = 32  # of the first byte behind the header of an object
SHARED = 16  # of the count that other threads change


class Plain:
    """With a header before the object."""

    def __init__(self) -> None:
        self.x = 1.5


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


def case_plain() -> tuple[Any, int]:
    made = Plain()
    return made, id(made) + 200  # of its attributes, one that it has no value for


def case_items() -> tuple[Any, int]:
    made = list(range(50))
    return made, pointer(id(made) + ITEMS) + 8


def case_data() -> tuple[Any, int]:
    made = array.array("B", bytes(1000))
    return made, made.buffer_info()[0] + 24


def case_moved() -> tuple[Any, int]:
    made = array.array("B", bytes(1000))
    return made, made.buffer_info()[0] + 500


def case_again() -> tuple[Any, int]:
    made = b"a" * len(seen) * 40  # the same block as of 280, which end before the address
    return made, id(made) + 350


def let_go(box: list[Any]) -> None:
    made = box.pop()
    if case == "moved":
        with contextlib.suppress(BufferError):  # where there is a view
            made.extend(bytes(5000))
        box.append(made)


case, how = (*sys.argv[1:], "")[:2]
make: Callable[[], tuple[Any, int]] = globals().get(f"case_{case}", case_bytes)
box: list[Any] = []
known: list[Any] = []
made_gate, ready_gate, end_gate = (threading.Barrier(2) for _ in range(3))
seen = ctypes.create_string_buffer(8)


def use() -> None:
    made_gate.wait()
    address, held = known
    if how == "head":
        address = id(box[0]) + SHARED
    known.clear()
    ready_gate.wait()
    if case == "again":
        time.sleep(0.3)
    ctypes.memmove(seen, address, 4)
    del held
    end_gate.wait()


def free() -> None:
    made, address = make()
    box.append(made)
    own = memoryview(made) if case == "moved" else made
    known.extend((address, own if how == "held" else None))
    del own
    del made
    made_gate.wait()
    ready_gate.wait()
    if case != "again":
        time.sleep(0.02)  # TSan misses accesses at the very same time
    let_go(box)
    if case == "again":
        box.extend(b"b" * len(seen) * 35 for _ in range(500))
    end_gate.wait()


def churn() -> None:
    items: list[Any] = [[n] for n in range(16)]
    table: dict[Any, Any] = {n: [n] for n in range(16)}
    thing = Plain()

    def change(number: int) -> None:
        for n in range(1500):
            items[n & 7] = [n]
            table[n & 15] = (n, n)
            thing.x = n + 0.5
            if n % 50 == 0:
                items.extend([n] * 30)
                del items[16:]
            if n % 30 == 0:
                table[number, n] = n
                table.pop((number, n))
            setattr(thing, f"y{n % 40}", str(n) * 3)

    def read() -> None:
        for n in range(1500):
            _ = items[n & 7], table.get(n & 15), thing.x, getattr(thing, f"y{n % 40}", None)
            for _ in items:
                pass

    start([lambda: change(0), lambda: change(1), read, read])


def start(bodies: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if case == "churn":
    churn()
else:
    start([use, free])
os._exit(0)
