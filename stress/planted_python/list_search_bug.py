"""A listener is added if it is not in the list yet."""

listeners = []


def added():
    pass


def stress(thread_index):
    for _ in range(10):
        if added not in listeners:
            listeners.append(added)
