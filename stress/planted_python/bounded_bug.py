"""No more than so many."""

connections = []


def stress(thread_index):
    for _ in range(50):
        if len(connections) < 20:
            connections.append(object())
