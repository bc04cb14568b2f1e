"""Each thread has a key of its own, and two of them have one hash: -1 and -2."""

counts = {-1: 0, -2: 0}
seen = set()


def stress(thread_index):
    key = -1 - thread_index
    for _ in range(50):
        if key not in counts:
            counts[key] = 0
        counts[key] += 1
        del counts[key]
        if key not in seen:
            seen.add(key)
        seen.discard(key)
