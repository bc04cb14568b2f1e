"""A block of malloc(), used outside of the lock under which it is replaced."""

import planted

names = planted.make_names()


def stress(thread_index):
    for _ in range(20):
        if thread_index == 0:
            names.renew()
        else:
            names.look_bug()
