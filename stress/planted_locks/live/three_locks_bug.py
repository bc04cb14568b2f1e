"""Three threads in a circle."""

import threading

locks = [threading.Lock() for _ in range(3)]
all_of_them = threading.Barrier(3)


def stress(thread_index):
    if thread_index < 3:
        with locks[thread_index]:
            all_of_them.wait()
            with locks[(thread_index + 1) % 3]:
                pass
