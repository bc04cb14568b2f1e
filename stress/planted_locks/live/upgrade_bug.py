"""Two readers of a rwlock want to write, each waits for the other to stop reading."""

import threading

import planted_locks as locks

both = threading.Barrier(2)


def upgrade():
    both.wait()
    locks.with_writer(locks.nothing)


def stress(thread_index):
    if thread_index < 2:
        locks.with_reader(upgrade)
