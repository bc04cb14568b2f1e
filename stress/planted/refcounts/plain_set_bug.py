"""Py_SET_REFCNT() of an object that another thread uses."""

import planted

shared = [object()]


def stress(thread_index):
    kept = [shared] * 3
    if thread_index == 0:
        planted.plain_set_bug(shared)
    del kept
