"""Only one of the threads is to add the first."""

workers = []


def stress(thread_index):
    for _ in range(50):
        if not workers:
            workers.append(thread_index)
