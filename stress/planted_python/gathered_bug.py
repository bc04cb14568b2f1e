"""A list is replaced by one that a comprehension makes of it, without a lock."""

numbers = [1, 2, 3]


def stress(thread_index):
    global numbers
    for _ in range(50):
        numbers = [number + 1 for number in numbers]
