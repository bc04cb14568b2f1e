"""A text that each thread makes itself is equal to the key, but another object."""

counts = {f"word {number}": 0 for number in range(10)}


def stress(thread_index):
    for number in range(40):
        counts[f"word {number % 10}"] += 1
