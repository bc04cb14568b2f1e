"""A table and a counter in code of a header, without a lock: two findings."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.store_bug, 500)
    if thread_index:
        planted.look_up_bug(500)
