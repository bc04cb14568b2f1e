"""Is it in a set, whose keys tell their hash by Python code?"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    x: int
    y: int


points = [Point(x, -x) for x in range(12)]
seen, order = set(), []


def stress(thread_index):
    for point in points:
        if point not in seen:
            seen.add(point)
            order.append(point)
