"""The writer locks, the reader does not."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.move_money_bug, 500)
    else:
        meeting.run(planted.audit_bug, 800)
