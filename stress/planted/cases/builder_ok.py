"""A growing buffer in a critical section."""

import os

import planted

shared = planted.Builder_ok()
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(shared.append, b"0123456789" * 100)


def check():
    assert shared.size() == 1000 * int(os.environ["FTSTRESS_THREADS"])
