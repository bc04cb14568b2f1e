"""Fails when another thread is in it at the same time."""

inside = set()


def stress(thread):
    inside.add(thread)
    others = 0
    for _ in range(30000):
        others = max(others, len(inside) - 1)
    inside.discard(thread)
    if others:
        raise ValueError("only when threads overlap")
