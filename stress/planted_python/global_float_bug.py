"""A global sum of floats."""

total = 0.0


def stress(thread_index):
    global total
    for _ in range(50):
        total = total + 0.5
