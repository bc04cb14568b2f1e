"""One thread after the other takes items, as a queue says."""

import queue

turns: queue.Queue = queue.Queue()
jobs = iter(list(range(400)))
turns.put(jobs)


def stress(thread_index):
    for _ in range(5):
        mine = turns.get()
        next(mine, None)
        turns.put(mine)
