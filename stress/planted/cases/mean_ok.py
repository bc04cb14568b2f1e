"""A method changes fields in a critical section."""

import os

import planted

shared = planted.Mean_ok()
data = bytes(range(250)) * 5
meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(shared.update, data)


def check():
    assert shared.count() == len(data) * int(os.environ["FTSTRESS_THREADS"])
