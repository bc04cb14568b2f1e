"""Fails when another thread is in it at the same time; in turns, too, since it sleeps."""

import time

inside = set()


def stress(thread):
    inside.add(thread)
    time.sleep(0.05)
    others = len(inside) - 1
    inside.discard(thread)
    if others:
        raise ValueError("only when threads overlap")
