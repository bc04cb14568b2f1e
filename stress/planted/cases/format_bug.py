"""Text made in a static buffer."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.sum_ids_bug, thread_index * 1000, 200)
