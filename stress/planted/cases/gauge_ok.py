"""A pthread mutex for the field everywhere."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.raise_level_ok, 500)
    else:
        meeting.run(planted.reset_levels_ok, 500)
