"""What setdefault() gives is counted up and stored."""

counts = {}


def stress(thread_index):
    for _ in range(200):
        seen = counts.setdefault("words", 0)
        counts["words"] = seen + 1
