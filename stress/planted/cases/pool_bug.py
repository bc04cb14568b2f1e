"""Two locks for one field."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.use_pool_bug, 500)
