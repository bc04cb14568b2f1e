"""The child does not want the lock."""

import os
import threading

lock = threading.Lock()
held, done = threading.Event(), threading.Event()


def hold(lock):
    with lock:
        held.set()
        done.wait(20)


def fork(call):
    held.wait(20)
    child = os.fork()
    if not child:
        try:
            call()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    done.set()


def stress(thread_index):
    if thread_index == 0:
        hold(lock)
    elif thread_index == 1:
        fork(lambda: None)
