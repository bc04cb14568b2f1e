"""What is looked for first may be deleted before it is looked up."""

import contextlib

sessions = {f"session {number}": number for number in range(40)}


def find(name):
    if name in sessions:
        return sessions[name]
    return None


def stress(thread_index):
    for number in range(40):
        if thread_index % 2:
            sessions.pop(f"session {number}", None)
        else:
            with contextlib.suppress(KeyError):
                find(f"session {number}")
