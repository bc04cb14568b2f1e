"""Over a copy, made as a whole; under a lock; over a dict whose items are only replaced."""

import threading

words = {f"word {number}": number for number in range(20)}
counts = dict(words)
fixed = dict(words)
lock = threading.Lock()


def stress(thread_index):
    for number in list(words.values()):
        assert number >= 0
    assert len(sorted(words)) >= 20
    words[f"of thread {thread_index}"] = thread_index
    with lock:
        for word in counts:
            assert word
        counts[f"of thread {thread_index}"] = thread_index
    for word in fixed:
        fixed[word] = thread_index
    first = next(iter(fixed))
    assert first
