"""A pointer is published by a relaxed store."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.change_routes_bug)
    else:
        meeting.run(planted.follow_routes_bug, 800)
