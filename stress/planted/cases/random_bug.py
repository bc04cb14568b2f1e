"""The state of a random generator, one for all."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.draw_bug, 1000)
