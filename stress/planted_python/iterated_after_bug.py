"""Each thread adds to a dict first, and then goes over it, in a generator expression."""

words = {f"word {number}": number for number in range(20)}


def stress(thread_index):
    words[f"of thread {thread_index}"] = thread_index
    try:
        total = sum(number for number in words.values())
        assert total >= 0
    except RuntimeError:
        pass  # this is what comes of it
