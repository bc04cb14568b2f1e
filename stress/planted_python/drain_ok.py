"""Copied and dropped under the lock under which is added; and dropped unseen, as a cache is."""

import threading

lines, totals, seen, cache = [], {}, [], {}
lock = threading.Lock()


def flush():
    with lock:
        batch = lines[:]
        lines.clear()
        counted = totals.copy()
        totals.clear()
    seen.extend(batch)
    seen.extend(counted)


def stress(thread_index):
    for step in range(40):
        with lock:
            lines.append(step)
            totals[thread_index, step] = step
        flush()
        cache[thread_index, step] = step
        if len(cache) > 60:
            cache.clear()
