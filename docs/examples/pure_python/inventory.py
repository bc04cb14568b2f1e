"""How many there are of what."""

import os
import threading


class Inventory:
    """May be shared by threads."""

    def __init__(self) -> None:
        self._limit = int(os.environ.get("INVENTORY_LIMIT", "100"))
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> int:
        """Adds `count` and returns how many there are now; ValueError if that is too many."""
        with self._lock:
            total = self._counts.get(name, 0) + count
            if total > self._limit:
                raise ValueError(f"more than {self._limit} of {name}")
            self._counts[name] = total
            return total

    def total(self) -> int:
        with self._lock:
            return sum(self._counts.values())
