"""The same under the lock."""

import planted

names = planted.make_names()


def stress(thread_index):
    for _ in range(20):
        if thread_index == 0:
            names.renew()
        else:
            names.look_ok()
