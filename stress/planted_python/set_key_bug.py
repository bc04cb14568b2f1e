"""Whether a key is in a set."""

seen = set()
first = []


def stress(thread_index):
    for number in range(50):
        if number not in seen:
            seen.add(number)
            first.append(number)
