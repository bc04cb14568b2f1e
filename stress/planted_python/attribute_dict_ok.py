"""The same under a lock."""

import threading


class Counter:
    pass


counter = Counter()
counter.value = 0
counter.__dict__["more"] = 1
for number in range(40):
    setattr(counter, f"field{number}", number)
lock = threading.Lock()


def stress(thread_index):
    for _ in range(50):
        with lock:
            counter.value += 1
