"""threading.local: each thread has its own."""

import threading

state = threading.local()


def stress(thread_index):
    state.depth = 0
    for _ in range(50):
        state.depth += 1
        state.depth -= 1
