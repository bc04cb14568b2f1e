"""Text made on the stack."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.format_ids_ok, thread_index * 1000, 200)
