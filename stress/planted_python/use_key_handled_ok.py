"""It may be deleted after the look, and that is expected."""

sessions = {f"session {number}": number for number in range(40)}


def find(name):
    try:
        if name in sessions:
            return sessions[name]
    except KeyError:
        pass
    return None


def stress(thread_index):
    for number in range(40):
        if thread_index % 2:
            sessions.pop(f"session {number}", None)
        else:
            find(f"session {number}")
