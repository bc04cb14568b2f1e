"""A dict of counters, filled as words come."""

counts = {}
words = "to be or not to be".split()


def stress(thread_index):
    for _ in range(50):
        for word in words:
            counts[word] = counts.get(word, 0) + 1
