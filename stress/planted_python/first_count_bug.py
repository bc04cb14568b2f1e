"""A dict of counters whose first key comes in a thread."""

counts = {}


def stress(thread_index):
    for _ in range(50):
        counts["a"] = counts.get("a", 0) + 1
