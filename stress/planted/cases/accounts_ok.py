"""The writer and the reader lock."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.move_money_ok, 500)
    else:
        meeting.run(planted.audit_ok, 800)


def check():
    assert planted.audit_ok(1) == 0
