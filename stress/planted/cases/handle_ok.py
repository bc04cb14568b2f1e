"""A C struct's own reference count, atomic."""

import os

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.share_handle_ok, 500)


def check():
    assert not planted.release_handle_ok(500 * int(os.environ["FTSTRESS_THREADS"]))
    assert planted.release_handle_ok(1)
