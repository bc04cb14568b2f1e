"""The first job is deleted, if there is one."""

jobs = list(range(3000))


def stress(thread_index):
    for _ in range(200):
        if jobs:
            del jobs[0]
