"""Who changes the dict waits until the other thread is done with it."""

import queue

import planted

returned = queue.SimpleQueue()


def stress(thread_index):
    if thread_index % 2 == 0:
        own = {"key": [thread_index]}
        for _ in range(20):
            planted.value_bug(own, "key")
        returned.put(own)
        return
    try:
        other = returned.get(timeout=0.2)
    except queue.Empty:
        return
    other["key"] = [0]
