"""A variable of an outer function."""


def make():
    count = 0

    def add():
        nonlocal count
        count += 1

    return add


add = make()


def stress(thread_index):
    for _ in range(50):
        add()
