"""Only the first thread is to come in."""

started = False
starts = []


def stress(thread_index):
    global started
    for _ in range(50):
        if not started:
            started = True
            starts.append(thread_index)
