"""A block is used under the lock under which another thread has freed it."""

import threading

import planted

note = planted.make_note()
lock = threading.Lock()


def stress(thread_index):
    for _ in range(3):
        with lock:
            if thread_index == 0:
                note.write_ok()
            else:
                note.seen_bug()
                note.see()
