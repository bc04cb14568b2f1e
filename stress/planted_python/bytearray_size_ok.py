"""How many items a bytearray has, under a lock; it also gets longer without."""

import threading

received = bytearray()
lock = threading.Lock()


def stress(thread_index):
    for number in range(50):
        received.extend(b"abc")
        with lock:
            if len(received) >= 3:
                del received[:3]
