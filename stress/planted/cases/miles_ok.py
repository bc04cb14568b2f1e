"""std::call_once() and pthread_once()."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_miles_ok, 300)


def check():
    assert planted.sum_miles_ok(300) == 28_994_180
