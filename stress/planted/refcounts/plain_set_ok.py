"""Py_SET_REFCNT() of an object that no other thread has, and of one that is never counted."""

import planted


def stress(thread_index):
    planted.plain_set_ok()
