"""An attribute of a class."""


class Pool:
    made = 0


def stress(thread_index):
    for _ in range(50):
        Pool.made += 1
