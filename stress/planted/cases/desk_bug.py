"""A clock that storing moves without the lock: roles, since a look-up after it would hide that."""

import planted

meeting = planted.Meeting()


def stress_store(thread_index):
    meeting.run(planted.store_things_bug, 300)


def stress_look_up(thread_index):
    meeting.run(planted.look_things_up_bug, 300)
