"""A defaultdict makes what is missing in two steps: of two threads' lists one is dropped."""

from collections import defaultdict

groups = defaultdict(list)


def stress(thread_index):
    for number in range(20):
        groups[number].append(thread_index)
