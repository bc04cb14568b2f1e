"""append(), len() of what is only appended to, and a dict with a key for each thread."""

items = []
by_thread = {}


def stress(thread_index):
    for number in range(50):
        items.append(number)
        if len(items) > 1000:
            raise AssertionError
        by_thread[thread_index] = by_thread.get(thread_index, 0) + 1
