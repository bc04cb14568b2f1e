"""A pointer is published by a release store."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.change_routes_ok)
    else:
        meeting.run(planted.follow_routes_ok, 800)
