"""A set whose keys tell their hash by Python code: looked at and added to under a lock."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    x: int
    y: int


points = [Point(x, -x) for x in range(12)]
seen, order = set(), []
lock = threading.Lock()


def stress(thread_index):
    for point in points:
        with lock:
            if point not in seen:
                seen.add(point)
                order.append(point)
