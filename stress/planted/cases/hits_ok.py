"""A static counter, atomic."""

import os

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.count_hits_ok, 1000)


def check():
    assert planted.count_hits_ok(0) == 1000 * int(os.environ["FTSTRESS_THREADS"])
