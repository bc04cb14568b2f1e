"""A loop over a dict to which another thread adds."""

words = {f"word {number}": number for number in range(20)}


def stress(thread_index):
    try:
        for number in words.values():
            assert number >= 0
    except RuntimeError:
        pass  # this is what comes of it
    words[f"of thread {thread_index}"] = thread_index
