"""The same with the block that is there now."""

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
                note.seen_ok()
                note.see()
