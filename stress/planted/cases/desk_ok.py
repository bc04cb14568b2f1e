"""A clock that storing and looking up move under the lock."""

import planted

meeting = planted.Meeting()


def stress_store(thread_index):
    meeting.run(planted.store_things_ok, 300)


def stress_look_up(thread_index):
    meeting.run(planted.look_things_up_ok, 300)
