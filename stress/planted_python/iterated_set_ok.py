"""Each thread has a set of its own; the one that they share is made before, and not changed."""

known = set(range(100))


def stress(thread_index):
    own = set()
    for number in known:
        own.add(number)
    for number in sorted(own):
        own.discard(number)
