"""The child wants another lock."""

import os
import threading

import planted_locks as locks

held, done = threading.Event(), threading.Event()


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


def nothing():
    pass


def take():
    locks.with_native(0, nothing)


def wait():
    held.set()
    done.wait(20)


def stress(thread_index):
    if thread_index == 0:
        locks.with_spin(wait)
    elif thread_index == 1:
        fork(take)
