"""Classes for two threads: NAME_bug has a fault in a pair of its methods, NAME_ok has none."""

import threading
from collections import deque
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager


class Counter_bug:
    """Counts without a lock."""

    def __init__(self) -> None:
        self.value = 0

    def add(self, amount: int = 1) -> None:
        self.value += amount

    def read(self) -> int:
        return self.value


class Counter_ok:
    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def add(self, amount: int = 1) -> None:
        with self._lock:
            self.value += amount

    def read(self) -> int:
        return self.value


class Slotted_bug:
    """The same in a slot; one side has the lock."""

    __slots__ = ("_lock", "total")

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.Lock()

    def add(self, amount: int) -> None:
        with self._lock:
            self.total = self.total + amount

    def clear(self) -> None:
        self.total = 0


class Slotted_ok:
    __slots__ = ("_lock", "total")

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.RLock()

    def add(self, amount: int) -> None:
        with self._lock:
            self.total = self.total + amount

    def clear(self) -> None:
        with self._lock:
            self.total = 0


class Lazy_bug:
    """Made at the first use: two threads make two."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._parts: list[str] | None = None

    @property
    def parts(self) -> list[str]:
        if self._parts is None:
            self._parts = self._words.split()
        return self._parts


class Lazy_ok:
    def __init__(self, words: str) -> None:
        self._words = words
        self._parts: list[str] | None = None
        self._lock = threading.Lock()

    @property
    def parts(self) -> list[str]:
        with self._lock:
            if self._parts is None:
                self._parts = self._words.split()
            return self._parts


class Range_bug:
    """Two fields that belong together."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def move(self, by: int) -> None:
        self.low = by
        self.high = by + 5

    def width(self) -> int:
        return self.high - self.low


class Range_ok:
    """Both are one tuple."""

    def __init__(self, low: int, high: int) -> None:
        self.bounds = (low, high)

    def move(self, by: int) -> None:
        self.bounds = (by, by + 5)

    def width(self) -> int:
        low, high = self.bounds
        return high - low


class Listeners_bug:
    """Goes over a dict that another thread adds to."""

    def __init__(self) -> None:
        self._by_name: dict[object, object] = {"first": 1}

    def add(self, name: object, value: object) -> None:
        self._by_name[name] = value

    def tell(self) -> int:
        told = 0
        for name in self._by_name:
            told += name is not None
        return told


class Listeners_ok:
    """Goes over a copy, which is made as a whole."""

    def __init__(self) -> None:
        self._by_name: dict[object, object] = {"first": 1}

    def add(self, name: object, value: object) -> None:
        self._by_name[name] = value

    def tell(self) -> int:
        told = 0
        for name in list(self._by_name):
            told += name is not None
        return told


class Stack_bug:
    """Looks, and takes what is no longer there."""

    def __init__(self, items: list[object]) -> None:
        self._items = list(items)

    def push(self, item: object) -> None:
        self._items.append(item)

    def pop(self) -> object:
        if self._items:
            return self._items.pop()
        return None


class Stack_ok:
    """Is prepared for that."""

    def __init__(self, items: list[object]) -> None:
        self._items = deque(items)

    def push(self, item: object) -> None:
        self._items.append(item)

    def pop(self) -> object:
        try:
            return self._items.pop()
        except IndexError:
            return None


class Recent_bug(MutableMapping[object, object]):
    """Keeps the last ones, as a cache does; most of its methods are the base's."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._kept: dict[object, object] = {}

    def __getitem__(self, key: object) -> object:
        return self._kept[key]

    def __setitem__(self, key: object, value: object) -> None:
        if key not in self._kept:
            while self._size >= self._most:
                del self._kept[next(iter(self._kept))]
                self._size -= 1
            self._size += 1
        self._kept[key] = value

    def __delitem__(self, key: object) -> None:
        del self._kept[key]
        self._size -= 1

    def __iter__(self) -> Iterator[object]:
        return iter(list(self._kept))

    def __len__(self) -> int:
        return self._size


class Recent_ok(MutableMapping[object, object]):
    """Every method takes the lock; those of the base come to these."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._kept: dict[object, object] = {}
        self._lock = threading.RLock()

    def __getitem__(self, key: object) -> object:
        with self._lock:
            return self._kept[key]

    def __setitem__(self, key: object, value: object) -> None:
        with self._lock:
            if key not in self._kept:
                while self._size >= self._most:
                    del self._kept[next(iter(self._kept))]
                    self._size -= 1
                self._size += 1
            self._kept[key] = value

    def __delitem__(self, key: object) -> None:
        with self._lock:
            del self._kept[key]
            self._size -= 1

    def __iter__(self) -> Iterator[object]:
        with self._lock:
            return iter(list(self._kept))

    def __len__(self) -> int:
        with self._lock:
            return self._size


class Settings_ok:
    """Each store is whole, and nothing is made of what was there: nothing is lost."""

    def __init__(self) -> None:
        self.level: object = "info"

    def set(self, level: object) -> None:
        self.level = level

    def get(self) -> object:
        return self.level


class Pool_ok:
    """A condition, by way of a method that its callers hold the lock for."""

    def __init__(self) -> None:
        self._free: list[object] = [1, 2, 3]
        self._changed = threading.Condition()

    def _take(self) -> object:
        return self._free.pop() if self._free else None

    def get(self) -> object:
        with self._changed:
            return self._take()

    def put(self, item: object) -> None:
        with self._changed:
            self._free.append(item)
            self._changed.notify()

    @contextmanager
    def one(self) -> Iterator[object]:
        item = self.get()
        try:
            yield item
        finally:
            self.put(item)


class Mailbox_ok:
    """Who finds it empty waits: alone, for ever."""

    def __init__(self) -> None:
        self._letters: list[object] = []
        self._came = threading.Condition()
        self.taken = 0

    def put(self, letter: object) -> None:
        with self._came:
            self._letters.append(letter)
            self._came.notify()

    def take(self) -> object:
        with self._came:
            while not self._letters:
                self._came.wait()
            self.taken += 1
            return self._letters.pop(0)


class _Part:
    """A private class is for its owner to guard."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> int:
        self.count += 1
        return self.count


class Owner_ok:
    def __init__(self) -> None:
        self._part = _Part()
        self._lock = threading.Lock()

    def add(self) -> int:
        with self._lock:
            return self._part.add()
