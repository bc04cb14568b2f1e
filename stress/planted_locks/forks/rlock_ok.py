"""The RLock is made new in the child."""

import os
import threading

lock = threading.RLock()
os.register_at_fork(after_in_child=lock._at_fork_reinit)
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


def take():
    with lock:
        pass


def stress(thread_index):
    if thread_index == 0:
        hold(lock)
    elif thread_index == 1:
        fork(take)
