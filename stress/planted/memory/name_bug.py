"""A borrowed name, used when another thread may have let it go."""

import planted

names = planted.make_names()


def stress(thread_index):
    for number in range(20):
        if thread_index == 0:
            names.set_name(bytes(200 + number))
        else:
            names.initial_bug()
