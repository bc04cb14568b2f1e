"""std::call_once(), pthread_once() and C11's call_once()."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_miles_ok, 300)


def check():
    assert planted.sum_miles_ok(300) == 43_491_270
