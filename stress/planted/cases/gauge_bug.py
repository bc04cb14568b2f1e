"""PyMutex here, pthread mutex there, for the same field."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    if thread_index == 0:
        meeting.run(planted.raise_level_bug, 500)
    else:
        meeting.run(planted.reset_levels_bug, 500)
