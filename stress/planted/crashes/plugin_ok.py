"""A table of functions that is unloaded and called, both under a mutex."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.use_plugin_ok, 2000)
