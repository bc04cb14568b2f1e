"""setdefault() looks and puts in at once."""

made = {}


def stress(thread_index):
    for number in range(20):
        made.setdefault(number, []).append(thread_index)
