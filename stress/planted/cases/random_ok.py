"""The state of a random generator, one for each thread."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.draw_ok, 1000)
