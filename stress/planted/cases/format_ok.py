"""Text made on the stack."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_ids_ok, thread_index * 1000, 200)


def check():
    assert planted.sum_ids_ok(0, 10) == 45
