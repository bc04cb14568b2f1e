"""One thread takes, the others add: what it has seen to be there stays there."""

import collections

jobs = collections.deque()


def stress(thread_index):
    for number in range(50):
        if thread_index:
            jobs.append(number)
        elif jobs:
            jobs.popleft()
