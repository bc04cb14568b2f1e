"""Looked for and looked up at once."""

sessions = {f"session {number}": number for number in range(40)}


def find(name):
    return sessions.get(name)


def stress(thread_index):
    for number in range(40):
        if thread_index % 2:
            sessions.pop(f"session {number}", None)
        else:
            find(f"session {number}")
