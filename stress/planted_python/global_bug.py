"""A global counter: one line, a read and a write."""

counter = 0


def stress(thread_index):
    global counter
    for _ in range(50):
        counter += 1
