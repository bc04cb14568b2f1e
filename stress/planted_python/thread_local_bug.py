"""Meant to be of each thread, and of all."""


class State:
    depth = 0


state = State()


def stress(thread_index):
    for _ in range(50):
        state.depth += 1
        state.depth -= 1
