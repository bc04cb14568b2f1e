"""Lists are equal while they are empty, and what one thread has put into the first one is lost."""

groups = {}


def stress(thread_index):
    for number in range(40):
        if number not in groups:
            groups[number] = []
        groups[number].append(thread_index)
