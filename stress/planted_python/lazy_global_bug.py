"""A global that is made when it is first needed."""

connection = None


def stress(thread_index):
    global connection
    for _ in range(50):
        if connection is None:
            connection = object()
