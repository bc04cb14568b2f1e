"""A table of functions that is unloaded while it is called."""

import planted

meeting = planted.Meeting()


def stress(thread_index):
    meeting.run(planted.use_plugin_bug, 2000)
