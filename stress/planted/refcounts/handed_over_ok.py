"""Objects that one thread makes and another one lets go."""

import contextlib
import queue

shared = queue.SimpleQueue()


def stress(thread_index):
    for number in range(200):
        shared.put([bytes(300), (number,), {"number": number}])
        with contextlib.suppress(queue.Empty):
            shared.get_nowait()
