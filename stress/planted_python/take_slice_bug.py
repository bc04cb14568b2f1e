"""The first jobs are copied, and then deleted."""

jobs, done = list(range(900)), []


def stress(thread_index):
    for _ in range(20):
        head = jobs[:3]
        del jobs[:3]
        done.extend(head)
