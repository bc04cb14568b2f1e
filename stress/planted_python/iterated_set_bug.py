"""A loop over a set out of which another thread takes."""

seen = set(range(100))


def stress(thread_index):
    try:
        total = sum(number for number in seen)
        assert total >= 0
    except RuntimeError:
        pass
    seen.discard(thread_index)
