"""Py_XSETREF in two threads: both drop the object that was there."""

import planted

holder = planted.make_holder()
items = [bytes(300 + number) for number in range(200)]
meeting = planted.Meeting()


def fill():
    for item in items:
        holder.hold_bug(item)


def stress(thread_index):
    meeting.run(fill)


def check():
    items.clear()
