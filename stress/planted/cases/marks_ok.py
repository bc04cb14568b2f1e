"""Two bytes under two locks."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.mark_dirties_ok, 500)
    else:
        meeting.run(planted.mark_pinneds_ok, 500)
