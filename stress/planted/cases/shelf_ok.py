"""The same under a lock."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.store_ok, 500)
    if thread_index:
        planted.look_up_ok(500)
